from django.db import migrations

from ..operations import SaltApart


class Migration(migrations.Migration):
    atomic = False  # apart from the migration that adds the column, which keeps every writer waiting until it ends

    dependencies = [
        ("bulwark_auditlog", "0008_incidents"),
    ]

    operations = [
        SaltApart("Event"),
    ]
