import uuid

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('facelogin', '0002_attempt_reports'),
    ]

    operations = [
        migrations.CreateModel(
            name='Extension',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.UUIDField(db_index=True)),
                ('extends', models.UUIDField()),
                ('engine', models.CharField(max_length=32)),
                ('samples', models.PositiveSmallIntegerField()),
                ('ciphertext', models.BinaryField()),
                ('assertion_jti', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('added_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField(db_index=True)),
            ],
        ),
    ]
