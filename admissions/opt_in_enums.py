"""Fixed words of opting in to a VOVP."""

from django.db import models
from django.utils.translation import pgettext_lazy


class OptInChannel(models.TextChoices):
    """How the parents said that they take part (DH-134)."""

    EMAIL = "email", pgettext_lazy("opt-in channel", "By e-mail")
    POST = "post", pgettext_lazy("opt-in channel", "By letter")
    PHONE = "phone", pgettext_lazy("opt-in channel", "By telephone")
    COUNTER = "counter", pgettext_lazy("opt-in channel", "At the counter")


class OptOutReason(models.TextChoices):
    """Why an opt-in is taken back (4.6); a fixed word, since the trail keeps no free text about a family."""

    FAMILY = "family", pgettext_lazy("opt-out reason", "The parents do not want to take part any more")
    MISTAKE = "mistake", pgettext_lazy("opt-out reason", "It was typed for the wrong family")
