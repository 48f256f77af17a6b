"""Fixed words of opting in to a VOVP."""

from django.db import models
from django.utils.translation import pgettext_lazy


class OptInChannel(models.TextChoices):
    """How the parents said that they take part (DH-134)."""

    EMAIL = "email", pgettext_lazy("opt-in channel", "By e-mail")
    POST = "post", pgettext_lazy("opt-in channel", "By letter")
    PHONE = "phone", pgettext_lazy("opt-in channel", "By telephone")
    COUNTER = "counter", pgettext_lazy("opt-in channel", "At the counter")
