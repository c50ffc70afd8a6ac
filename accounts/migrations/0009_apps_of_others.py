from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bulwark_accounts", "0008_what_a_change_was_asked_under")]

    operations = [
        migrations.AddField(
            model_name="oauthclient",
            name="is_first_party",
            field=models.BooleanField(
                default=True,
                help_text="Untick this for an app of somebody else's: users are asked before it may act for them.",
                verbose_name="app of our own",
            ),
        ),
    ]
