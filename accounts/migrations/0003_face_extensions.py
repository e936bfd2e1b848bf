import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_face_tickets'),
    ]

    operations = [
        migrations.AddField(
            model_name='facetries',
            name='captures',
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.AddField(
            model_name='session',
            name='ticket_purpose',
            field=models.CharField(blank=True, default='', max_length=16),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name='session',
            name='beside_face_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='recoverycode',
            name='proves_beside_face',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='FaceExtension',
            fields=[
                ('id', models.CharField(max_length=128, primary_key=True, serialize=False)),
                ('added_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('expires_at', models.DateTimeField(db_index=True)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='face_extensions', to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
