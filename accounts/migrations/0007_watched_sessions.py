from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_stores_of_their_own'),
    ]

    operations = [
        migrations.AddField(
            model_name='session',
            name='watched_at',
            field=models.DateTimeField(null=True),
        ),
    ]
