"""The exceptions that den-haag.md names, and no others."""

from django.db import models
from django.utils.translation import pgettext_lazy


class ExceptionKind(models.TextChoices):
    CARE_PLACE = "care_place", pgettext_lazy("exception", "Place outside the draw for a child with care duty")
    VOVP_ENTRY = "vovp_entry", pgettext_lazy("exception", "Child added to a VOVP")


class ExceptionState(models.TextChoices):
    PROPOSED = "proposed", pgettext_lazy("exception state", "Waits for a second person")
    DONE = "done", pgettext_lazy("exception state", "Done")
    REJECTED = "rejected", pgettext_lazy("exception state", "Not done")


EXCEPTION_MOVES: dict[str, set[str]] = {
    ExceptionState.PROPOSED: {ExceptionState.DONE, ExceptionState.REJECTED},
    ExceptionState.DONE: set(),
    ExceptionState.REJECTED: set(),
}
