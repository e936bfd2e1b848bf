from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facelogin', '0003_extensions'),
    ]

    operations = [
        migrations.AddField(
            model_name='reference',
            name='cohort_consent',
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name='reference',
            index=models.Index(fields=['cohort_consent', 'engine', 'id'], name='facelogin_r_cohort__6d93e8_idx'),
        ),
    ]
