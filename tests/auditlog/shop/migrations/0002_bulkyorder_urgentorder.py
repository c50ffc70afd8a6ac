import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("shop", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkyOrder",
            fields=[
                (
                    "order_ptr",
                    models.OneToOneField(
                        auto_created=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        parent_link=True,
                        primary_key=True,
                        serialize=False,
                        to="shop.order",
                    ),
                ),
                ("needs_crane", models.BooleanField(default=False)),
            ],
            bases=("shop.order",),
        ),
        migrations.CreateModel(
            name="UrgentOrder",
            fields=[],
            options={"proxy": True, "indexes": [], "constraints": []},
            bases=("shop.order",),
        ),
    ]
