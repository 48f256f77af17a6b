"""States of the admission life cycles, and which may follow which (den-haag.md section 4)."""

from django.db import models
from django.utils.translation import pgettext_lazy


class FormState(models.TextChoices):
    DRAFT = "draft", pgettext_lazy("form state", "Draft")
    FINAL = "final", pgettext_lazy("form state", "Final")
    RELEASED = "released", pgettext_lazy("form state", "Released for correction")
    LOCKED = "locked", pgettext_lazy("form state", "Locked")
    EXPIRED = "expired", pgettext_lazy("form state", "Never made final")
    VOID = "void", pgettext_lazy("form state", "Void")


F = FormState
FORM_MOVES: dict[str, set[str]] = {
    F.DRAFT: {F.FINAL, F.EXPIRED, F.VOID},
    F.FINAL: {F.RELEASED, F.LOCKED, F.VOID},
    F.RELEASED: {F.FINAL, F.LOCKED},  # LOCKED: at the deadline the last final version counts (DH-059)
    F.LOCKED: {F.VOID},
    F.EXPIRED: {F.LOCKED},  # the programme manager, with proof of receipt
    F.VOID: set(),
}


class Decision(models.TextChoices):
    """Where an application stands (besluit), den-haag.md 4.2."""

    PENDING = "pending", pgettext_lazy("decision", "Form not final yet")
    UNDECIDED = "undecided", pgettext_lazy("decision", "Waiting for the draw")
    ADMITTED = "admitted", pgettext_lazy("decision", "Admitted")
    DRAWN_OUT = "drawn_out", pgettext_lazy("decision", "Drawn out")
    PLACED_LOWER = "placed_lower", pgettext_lazy("decision", "Placed at a lower preference")
    UNPLACED = "unplaced", pgettext_lazy("decision", "Not placed")
    CARE_FOLLOW_UP = "care_follow_up", pgettext_lazy("decision", "Follow-up with the school")
    WITHDRAWN = "withdrawn", pgettext_lazy("decision", "Withdrawn")
    VOID = "void", pgettext_lazy("decision", "Void")


D = Decision
DECISION_MOVES: dict[str, set[str]] = {
    D.PENDING: {D.UNDECIDED, D.VOID},
    D.UNDECIDED: {D.ADMITTED, D.DRAWN_OUT, D.WITHDRAWN, D.VOID},
    # UNDECIDED: the order of a draw by hand cannot be shown, and its school draws again before the freeze.
    D.DRAWN_OUT: {D.PLACED_LOWER, D.UNPLACED, D.CARE_FOLLOW_UP, D.UNDECIDED, D.WITHDRAWN, D.VOID},
    D.ADMITTED: {D.UNDECIDED, D.WITHDRAWN, D.VOID},
    # A better place in a VOVP may be the first choice (AE-14).
    D.PLACED_LOWER: {D.ADMITTED, D.WITHDRAWN, D.VOID},
    D.UNPLACED: {D.ADMITTED, D.PLACED_LOWER, D.WITHDRAWN, D.VOID},
    # ADMITTED: a repair found that it should have had a place at its first choice (OA-LOT/1 section 8).
    D.CARE_FOLLOW_UP: {D.ADMITTED, D.UNDECIDED, D.WITHDRAWN, D.VOID},
    D.WITHDRAWN: set(),
    D.VOID: set(),
}
# The right to one application a year is in use (DH-034).
ACTIVE_DECISIONS = frozenset(
    {D.UNDECIDED, D.ADMITTED, D.DRAWN_OUT, D.PLACED_LOWER, D.UNPLACED, D.CARE_FOLLOW_UP}
)


class PlacementState(models.TextChoices):
    RESERVED = "reserved", pgettext_lazy("placement state", "Reserved")
    OFFERED = "offered", pgettext_lazy("placement state", "Offered")
    ENROLLED = "enrolled", pgettext_lazy("placement state", "Enrolled")
    SUPERSEDED = "superseded", pgettext_lazy("placement state", "Left for a better place")
    LAPSED = "lapsed", pgettext_lazy("placement state", "Lapsed after moving house")
    WITHDRAWN = "withdrawn", pgettext_lazy("placement state", "Withdrawn")


P = PlacementState
PLACEMENT_MOVES: dict[str, set[str]] = {
    P.RESERVED: {P.OFFERED, P.WITHDRAWN},
    P.OFFERED: {P.ENROLLED, P.SUPERSEDED, P.LAPSED, P.WITHDRAWN},
    P.ENROLLED: {P.SUPERSEDED, P.LAPSED, P.WITHDRAWN},
    P.LAPSED: {P.WITHDRAWN},
    P.SUPERSEDED: set(),
    P.WITHDRAWN: set(),
}
# The child holds this seat.
ACTIVE_PLACEMENTS = frozenset({P.RESERVED, P.OFFERED, P.ENROLLED})
# The seat is in use in the books: a lapsed seat is freed only by the withdrawal that follows it (AE-22).
SEAT_TAKEN = frozenset({P.RESERVED, P.OFFERED, P.ENROLLED, P.SUPERSEDED, P.LAPSED})


class ClaimState(models.TextChoices):
    CLAIMED = "claimed", pgettext_lazy("claim state", "Claimed")
    CONFIRMED = "confirmed", pgettext_lazy("claim state", "Confirmed")
    REJECTED = "rejected", pgettext_lazy("claim state", "Rejected")


class CareOrigin(models.TextChoices):
    REQUEST = "request", pgettext_lazy("care origin", "Wish of the parents")
    SIGNAL = "signal", pgettext_lazy("care origin", "Signal of the school")


class CareState(models.TextChoices):
    """The care route (den-haag.md 4.3); no case = no care wish."""

    REQUESTED = "requested", pgettext_lazy("care state", "Reported by the parents")
    SIGNALLED = "signalled", pgettext_lazy("care state", "Signalled by the school")
    MEETING_PLANNED = "meeting_planned", pgettext_lazy("care state", "Meeting planned")
    MEETING_HELD = "meeting_held", pgettext_lazy("care state", "Meeting held")
    DUTY_YES = "duty_yes", pgettext_lazy("care state", "Care duty")
    DUTY_NO = "duty_no", pgettext_lazy("care state", "No care duty")
    LETTER_DRAFT = "letter_draft", pgettext_lazy("care state", "Letter drafted")
    LETTER_REVIEWED = "letter_reviewed", pgettext_lazy("care state", "Letter reviewed")
    LETTER_SENT = "letter_sent", pgettext_lazy("care state", "Letter sent")
    CARE_CLOSED = "care_closed", pgettext_lazy("care state", "Follow-up agreed")


C = CareState
CARE_MOVES: dict[str, set[str]] = {
    C.REQUESTED: {C.MEETING_PLANNED, C.DUTY_NO},
    C.SIGNALLED: {C.MEETING_PLANNED, C.DUTY_NO},
    C.MEETING_PLANNED: {C.MEETING_HELD},
    C.MEETING_HELD: {C.DUTY_YES, C.DUTY_NO},
    C.DUTY_YES: {C.LETTER_DRAFT, C.CARE_CLOSED},
    C.DUTY_NO: set(),
    C.LETTER_DRAFT: {C.LETTER_REVIEWED},
    C.LETTER_REVIEWED: {C.LETTER_DRAFT, C.LETTER_SENT},
    C.LETTER_SENT: set(),
    C.CARE_CLOSED: set(),
}
OPEN_CARE_STATES = frozenset({C.REQUESTED, C.SIGNALLED, C.MEETING_PLANNED, C.MEETING_HELD})
CARE_DUTY_STATES = frozenset({C.DUTY_YES, C.LETTER_DRAFT, C.LETTER_REVIEWED, C.LETTER_SENT, C.CARE_CLOSED})


class EntryKind(models.TextChoices):
    """Kinds of ledger entry; the values are the codes of the ledger export (DH-104, data-formats.md)."""

    CEILING = "ceiling", pgettext_lazy("ledger entry", "Ceiling")
    CARRIED_IN = "carried_in", pgettext_lazy("ledger entry", "Open places carried in")
    FREED_IN = "freed_in", pgettext_lazy("ledger entry", "Freed places")
    PLACED = "placed", pgettext_lazy("ledger entry", "Placed")
    RELEASED = "released", pgettext_lazy("ledger entry", "Left by an improver")
    WITHDRAWN = "withdrawn", pgettext_lazy("ledger entry", "Withdrawn")
    CARRIED_OUT = "carried_out", pgettext_lazy("ledger entry", "Open places carried on")
    FREED_OUT = "freed_out", pgettext_lazy("ledger entry", "Freed places passed on")
    # Above the ceiling, for a child that a repair gives the place it should have had (OA-LOT/1 section 8).
    EXCEPTION = "exception", pgettext_lazy("ledger entry", "Exception place")


class BoardCondition(models.TextChoices):
    """What a school must have in order before the draw of a round; the value stands in addresses (DH-202)."""

    FORMS = "formulieren", pgettext_lazy("board column", "Forms final")
    CLAIMS = "voorrang", pgettext_lazy("board column", "Priority checked")
    CARE = "zorg", pgettext_lazy("board column", "Care settled")
    PLACES = "plaatsen", pgettext_lazy("board column", "Places confirmed")
    RULES = "regels", pgettext_lazy("board column", "Rules confirmed")
    LETTERS = "brieven", pgettext_lazy("board column", "Letters in order")
    DRAW = "loting", pgettext_lazy("board column", "Draw")
    # Of a VOVP.
    SEATS = "plekken", pgettext_lazy("board column", "Places and seats of improvers")
    REPLIES = "reacties", pgettext_lazy("board column", "Replies recorded")
    CONTACT = "contact", pgettext_lazy("board column", "Contact person known")

    @property
    def finding(self) -> str:
        """The kind of pre-flight finding that tells of it."""
        of_alm = ("forms", "claims", "care", "places", "rules", "letters", "manual")
        return dict(zip(BoardCondition, (*of_alm, "seats", "replies", "contact"), strict=True))[self]


class WithdrawalReason(models.TextChoices):
    """Why an application ends (DH-124); the values are those of record_replies."""

    OTHER_SCHOOL = "other_school", pgettext_lazy("withdrawal reason", "Chooses another school")
    UNCAPPED_SCHOOL = (
        "uncapped_school",
        pgettext_lazy("withdrawal reason", "Chooses a school without a ceiling"),
    )
    MOVED_OUTSIDE = "moved_outside", pgettext_lazy("withdrawal reason", "Moves out of the city")
    MOVED_INSIDE = "moved_inside", pgettext_lazy("withdrawal reason", "Moves inside the city")
    NO_REPLY = "no_reply", pgettext_lazy("withdrawal reason", "No reply")


class ParticipationKind(models.TextChoices):
    UNPLACED = "unplaced", pgettext_lazy("participation kind", "Unplaced")
    IMPROVER = "improver", pgettext_lazy("participation kind", "Placed lower, wants better")


class ParticipationState(models.TextChoices):
    """Taking part in a VOVP (den-haag.md 4.6)."""

    ELIGIBLE = "eligible", pgettext_lazy("participation state", "May take part")
    INVITED = "invited", pgettext_lazy("participation state", "Invited")
    OPTED_IN = "opted_in", pgettext_lazy("participation state", "Takes part")
    NOT_OPTED_IN = "not_opted_in", pgettext_lazy("participation state", "Does not take part")
    REMOVED = "removed", pgettext_lazy("participation state", "Removed after withdrawal")
    PLACED = "placed", pgettext_lazy("participation state", "Placed")
    IMPROVED = "improved", pgettext_lazy("participation state", "Improved")
    UNCHANGED = "unchanged", pgettext_lazy("participation state", "Unchanged")


T = ParticipationState
PARTICIPATION_MOVES: dict[str, set[str]] = {
    T.ELIGIBLE: {T.INVITED, T.REMOVED},
    T.INVITED: {T.OPTED_IN, T.NOT_OPTED_IN, T.REMOVED},
    T.OPTED_IN: {T.NOT_OPTED_IN, T.REMOVED, T.PLACED, T.IMPROVED, T.UNCHANGED},
    T.NOT_OPTED_IN: {T.OPTED_IN},  # a message that came in time is typed later, or a mistake is mended
    T.REMOVED: set(),
    T.PLACED: set(),
    T.IMPROVED: set(),
    T.UNCHANGED: set(),
}


class MoveState(models.TextChoices):
    """A request to apply again after moving house (den-haag.md 4.5)."""

    REQUESTED = "requested", pgettext_lazy("move state", "Requested")
    PROOF = "proof", pgettext_lazy("move state", "Proof seen")
    APPROVED = "approved", pgettext_lazy("move state", "Approved")
    REJECTED = "rejected", pgettext_lazy("move state", "Rejected")


MOVE_MOVES: dict[str, set[str]] = {
    MoveState.REQUESTED: {MoveState.PROOF},
    MoveState.PROOF: {MoveState.APPROVED, MoveState.REJECTED},
    MoveState.APPROVED: set(),
    MoveState.REJECTED: set(),
}


class CaseKind(models.TextChoices):
    BIRTH_DATE = "birth_date", pgettext_lazy("case kind", "Wrong birth date reported")
    MANUAL_DECISION = "manual_decision", pgettext_lazy("case kind", "Decision against the rules")
    WITHDRAWAL = "withdrawal", pgettext_lazy("case kind", "Withdrawal reported")
    NOT_FINAL = "not_final", pgettext_lazy("case kind", "Form was not final at the deadline")
    DUPLICATE = "duplicate", pgettext_lazy("case kind", "Child looks applied twice")
    SIGNAL = "signal", pgettext_lazy("case kind", "Signs of a support need, from the school")
    CARE_LETTER = "care_letter", pgettext_lazy("case kind", "Care letter to read")
    MOVE = "move", pgettext_lazy("case kind", "Request after moving house")
    OVERDUE = "overdue", pgettext_lazy("case kind", "No reply to an offer in time")
    UNSENT = "unsent", pgettext_lazy("case kind", "Offers that were not sent")
    DISPUTE = "dispute", pgettext_lazy("case kind", "Draw by hand disputed")


class JobKind(models.TextChoices):
    """Long work that the programme office starts, or that runs at night."""

    PLAY_ROUND = "play_round", pgettext_lazy("job", "Playing a round")
    LETTERS = "letters", pgettext_lazy("job", "Making letters")
    RESET_YEAR = "reset_year", pgettext_lazy("job", "Resetting the rehearsal year")
    DRAW = "draw", pgettext_lazy("job", "Computing and verifying the draw")
    CHECK_INTEGRITY = "check_integrity", pgettext_lazy("job", "Checking whether everything adds up")
    SIMULATION = "simulation", pgettext_lazy("job", "Playing a simulation")


class RepairKind(models.TextChoices):
    """What can be mended after a draw without drawing again (OA-LOT/1 section 8)."""

    MINI_SESSION = "mini_session", pgettext_lazy("repair", "Forgotten child: a draw of its own")
    SHADOW = "shadow", pgettext_lazy("repair", "Wrong class or ceiling: shadow result")
    MISSING_BEACON = "missing_beacon", pgettext_lazy("repair", "Every beacon round is missing")
    BIRTH_DATE = "birth_date", pgettext_lazy("repair", "Wrong date of birth found later")
    NEW_ORDER = "new_order", pgettext_lazy("repair", "Draw by hand that cannot be shown: a new order")


class RepairState(models.TextChoices):
    PROPOSED = "proposed", pgettext_lazy("repair state", "Waits for a second person")
    APPROVED = "approved", pgettext_lazy("repair state", "Approved, under way")
    DONE = "done", pgettext_lazy("repair state", "Done")
    REJECTED = "rejected", pgettext_lazy("repair state", "Not done")


REPAIR_MOVES: dict[str, set[str]] = {
    RepairState.PROPOSED: {RepairState.APPROVED, RepairState.DONE, RepairState.REJECTED},
    # REJECTED: its draw was void and the child left before the next attempt.
    RepairState.APPROVED: {RepairState.DONE, RepairState.REJECTED},
    RepairState.DONE: set(),
    RepairState.REJECTED: set(),
}
OPEN_REPAIRS = (RepairState.PROPOSED, RepairState.APPROVED)


class OpeningKind(models.TextChoices):
    """What of a child's file somebody opened."""

    PAGE = "page", pgettext_lazy("opening kind", "Page")
    PDF = "pdf", pgettext_lazy("opening kind", "PDF")
    LETTER = "letter", pgettext_lazy("opening kind", "Message or letter")
    CARE = "care", pgettext_lazy("opening kind", "Care data")


class FigureSource(models.TextChoices):
    """Where published figures come from."""

    SYSTEM = "system", pgettext_lazy("figure source", "Counted here")
    FILE = "file", pgettext_lazy("figure source", "From a file of the office")


class ApiScope(models.TextChoices):
    """What a system of others may read (the public figures need no token)."""

    ROUNDS = "rounds", pgettext_lazy("api scope", "Rounds: dates, states and places")
    OUTCOMES = "outcomes", pgettext_lazy("api scope", "Outcomes per application, without names")


class ContactWay(models.TextChoices):
    """How somebody tried to reach a family (DH-121)."""

    PHONE = "phone", pgettext_lazy("contact way", "By phone")
    LETTER = "letter", pgettext_lazy("contact way", "By letter")
    MAIL = "mail", pgettext_lazy("contact way", "By e-mail")
    SPOKEN = "spoken", pgettext_lazy("contact way", "Spoken at school")
