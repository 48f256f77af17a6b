from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = _("Letters and messages")

    def ready(self) -> None:
        from anymail.signals import tracking

        from notifications import template_triggers, triggers  # noqa: F401  registers what the database keeps by itself

        tracking.connect(_take_report, dispatch_uid="notifications")


def _take_report(sender: object, event: object, esp_name: str, **kwargs: object) -> None:
    """A signed report of the mail provider."""
    from notifications.services.tracking import take_report

    take_report(event, provider=esp_name)
