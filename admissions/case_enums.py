"""The life of a case of the programme office, and the only ways in which each kind may end.

A case is never simply closed: ``CASE_ENDS`` lists, per kind, the outcomes of the guided actions that den-haag.md gives.
The database holds the same table as a constraint.
"""

from django.db import models
from django.utils.translation import pgettext_lazy

from admissions.enums import CaseKind


class CaseState(models.TextChoices):
    OPEN = "open", pgettext_lazy("case state", "Nobody works on it")
    TAKEN = "taken", pgettext_lazy("case state", "Being worked on")
    CLOSED = "closed", pgettext_lazy("case state", "Settled")


# Whoever is not asked yet may also be overtaken by the action itself; a settled case stays settled.
CASE_MOVES: dict[str, set[str]] = {
    CaseState.OPEN: {CaseState.TAKEN, CaseState.CLOSED},
    CaseState.TAKEN: {CaseState.TAKEN, CaseState.CLOSED},
    CaseState.CLOSED: set(),
}
LIVE_CASES = (CaseState.OPEN, CaseState.TAKEN)


class CaseEnd(models.TextChoices):
    """What settled a case."""

    CORRECTED = "corrected", pgettext_lazy("case end", "Date of birth corrected")
    DATE_RIGHT = "date_right", pgettext_lazy("case end", "The date of birth was right")
    VOIDED = "voided", pgettext_lazy("case end", "Application struck")
    DIFFERENT = "different", pgettext_lazy("case end", "Two different children")
    STANDS = "stands", pgettext_lazy("case end", "The decisions stand")
    NEW_ORDER = "new_order", pgettext_lazy("case end", "A new draw at the school was ordered")
    STAYS_OUT = "stays_out", pgettext_lazy("case end", "The child cannot apply again this year")
    MAY_AGAIN = "may_again", pgettext_lazy("case end", "The child may apply once more")
    MADE_FINAL = "made_final", pgettext_lazy("case end", "Made final with proof of receipt")
    LAST_VERSION = "last_version", pgettext_lazy("case end", "The last final version counts")
    NEXT_ROUND = "next_round", pgettext_lazy("case end", "The child goes to the next period")
    ADDED_TO_VOVP = "added_to_vovp", pgettext_lazy("case end", "Added to the VOVP as a child without a place")
    NO_ROUND_LEFT = (
        "no_round_left",
        pgettext_lazy("case end", "Only schools without a ceiling are left this year"),
    )
    CARE_OUTCOME = "care_outcome", pgettext_lazy("case end", "The care route has an outcome")
    LETTER_READ = "letter_read", pgettext_lazy("case end", "Letter read and good")
    LETTER_BACK = "letter_back", pgettext_lazy("case end", "Letter back at the school")
    MOVE_ALLOWED = "move_allowed", pgettext_lazy("case end", "New application allowed")
    MOVE_REFUSED = "move_refused", pgettext_lazy("case end", "New application not allowed")
    ENROLLED = "enrolled", pgettext_lazy("case end", "Enrolled")
    WITHDRAWN = "withdrawn", pgettext_lazy("case end", "Withdrawn")
    PLACE_ENDED = "place_ended", pgettext_lazy("case end", "The place ended in another way")
    SENT = "sent", pgettext_lazy("case end", "Sent")


E = CaseEnd
CASE_ENDS: dict[str, tuple[str, ...]] = {
    CaseKind.BIRTH_DATE: (E.CORRECTED, E.DATE_RIGHT, E.VOIDED),
    CaseKind.DUPLICATE: (E.VOIDED, E.DIFFERENT),
    CaseKind.MANUAL_DECISION: (E.STANDS, E.NEW_ORDER),
    CaseKind.DISPUTE: (E.STANDS, E.NEW_ORDER),
    CaseKind.WITHDRAWAL: (E.STAYS_OUT, E.MAY_AGAIN),
    CaseKind.NOT_FINAL: (E.MADE_FINAL, E.LAST_VERSION, E.NEXT_ROUND, E.ADDED_TO_VOVP, E.NO_ROUND_LEFT),
    CaseKind.SIGNAL: (E.CARE_OUTCOME, E.WITHDRAWN, E.VOIDED),
    CaseKind.CARE_LETTER: (E.LETTER_READ, E.LETTER_BACK, E.WITHDRAWN, E.VOIDED),
    CaseKind.MOVE: (E.MOVE_ALLOWED, E.MOVE_REFUSED),
    CaseKind.OVERDUE: (E.ENROLLED, E.WITHDRAWN, E.VOIDED, E.PLACE_ENDED),
    CaseKind.UNSENT: (E.SENT,),
}
# Only those who may see care data see these (DH-180).
CARE_KINDS = (CaseKind.SIGNAL, CaseKind.CARE_LETTER)


class CaseStep(models.TextChoices):
    """Lines in the history of a case."""

    OPENED = "opened", pgettext_lazy("case step", "Reported")
    AGAIN = "again", pgettext_lazy("case step", "Reported again")
    TAKEN = "taken", pgettext_lazy("case step", "Taken on")
    GIVEN = "given", pgettext_lazy("case step", "Handed over")
    NOTE = "note", pgettext_lazy("case step", "Note")
    RECORDING = "recording", pgettext_lazy("case step", "Recording asked for")
    CLOSED = "closed", pgettext_lazy("case step", "Settled")
