from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_factors_limits_events'),
    ]

    operations = [
        migrations.AddField(
            model_name='session',
            name='watched_at',
            field=models.DateTimeField(null=True),
        ),
    ]
