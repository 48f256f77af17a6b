"""A twin applied for in the same round (Q-01)."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("admissions", "0006_exception_places_and_new_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="applicationform",
            name="is_twin",
            field=models.BooleanField(default=False),
        ),
    ]
