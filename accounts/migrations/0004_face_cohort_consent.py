from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_face_extensions'),
    ]

    operations = [
        migrations.AddField(
            model_name='facefactor',
            name='cohort_consent',
            field=models.BooleanField(default=False),
        ),
    ]
