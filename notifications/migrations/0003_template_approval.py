import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def keep_texts_in_use(apps, schema_editor):
    """What a school sent until now it goes on sending: its newest versions count as approved, by nobody we know."""
    template = apps.get_model("notifications", "LetterTemplate")
    newest = {}
    for pk, school, code in (
        template.objects.exclude(school=None).order_by("version").values_list("pk", "school_id", "code")
    ):
        newest[school, code] = pk
    approval = apps.get_model("notifications", "TemplateApproval")
    approval.objects.bulk_create(approval(template_id=pk) for pk in newest.values())


class Migration(migrations.Migration):

    dependencies = [
        ("notifications", "0002_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="TemplateApproval",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("approved_at", models.DateTimeField(auto_now_add=True)),
                (
                    "approved_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "template",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="approval",
                        to="notifications.lettertemplate",
                    ),
                ),
            ],
        ),
        migrations.RunPython(keep_texts_in_use, migrations.RunPython.noop),
    ]
