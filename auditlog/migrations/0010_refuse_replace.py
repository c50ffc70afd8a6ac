from django.db import migrations

from ..operations import RefuseReplace


class Migration(migrations.Migration):
    dependencies = [
        ("bulwark_auditlog", "0009_salt_apart"),
    ]

    operations = [
        RefuseReplace("Event"),
    ]
