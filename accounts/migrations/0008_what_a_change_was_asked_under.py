from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulwark_accounts", "0007_email_change_and_plain_addresses")]

    operations = [
        # What is pending has to be asked for again; what can be undone still can be.
        migrations.AddField(
            model_name="emailchange",
            name="auth_hash",
            field=models.CharField(default="", max_length=64),
            preserve_default=False,
        ),
    ]
