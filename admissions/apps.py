from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AdmissionsConfig(AppConfig):
    name = "admissions"
    verbose_name = _("Applications and placements")

    def ready(self) -> None:
        from admissions import triggers  # noqa: F401  registers what the database keeps by itself
