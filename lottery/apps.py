from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LotteryConfig(AppConfig):
    name = "lottery"
    verbose_name = _("Draws")

    def ready(self) -> None:
        # These register what the database keeps by itself, and what `check --deploy` asks.
        from lottery import checks, triggers  # noqa: F401
