"""Fixed words of the schools app: roles, round states, priority kinds, job states."""

from django.db import models
from django.utils.translation import pgettext_lazy


class Role(models.TextChoices):
    """What a membership lets a user be (den-haag.md section 1)."""

    SCHOOL_ADMIN = "school_admin", pgettext_lazy("role", "School administrator")
    SCHOOL_DIRECTOR = "school_director", pgettext_lazy("role", "School director")
    CARE_COORDINATOR = "care_coordinator", pgettext_lazy("role", "Care coordinator")
    PROGRAMME_MANAGER = "programme_manager", pgettext_lazy("role", "Programme manager")
    CENTRAL_OFFICE = "central_office", pgettext_lazy("role", "Central office")
    NOTARY = "notary", pgettext_lazy("role", "Notary")
    SCHOOL_DESK = "school_desk", pgettext_lazy("role", "Support desk for schools")
    PARENT_DESK = "parent_desk", pgettext_lazy("role", "Support desk for parents")


SCHOOL_ROLES = frozenset({Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR})
REGION_ROLES = frozenset({Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE, Role.NOTARY})
# The two support desks read for a whole region and decide nothing (den-haag.md section 1, ES and PS).
DESK_ROLES = frozenset({Role.SCHOOL_DESK, Role.PARENT_DESK})
# Whoever can start or attest a draw, or read the families of a whole region, logs in with a second factor.
SECOND_FACTOR_ROLES = REGION_ROLES | DESK_ROLES


class RoundKind(models.TextChoices):
    ALM = "ALM", pgettext_lazy("round kind", "Application period")
    VOVP = "VOVP", pgettext_lazy("round kind", "Distribution of open and freed places")


class RoundState(models.TextChoices):
    """States of a round; which may follow which stands in ROUND_MOVES (den-haag.md 4.4)."""

    PLANNED = "planned", pgettext_lazy("round state", "Planned")
    OPEN = "open", pgettext_lazy("round state", "Open for parents")
    PROCESSING = "processing", pgettext_lazy("round state", "Last processing day")
    LOCKED = "locked", pgettext_lazy("round state", "Locked")
    INVITED = "invited", pgettext_lazy("round state", "Invitations sent")
    OPT_IN = "opt_in", pgettext_lazy("round state", "Opt-in open")
    OPT_IN_CLOSED = "opt_in_closed", pgettext_lazy("round state", "Opt-in closed")
    FROZEN = "frozen", pgettext_lazy("round state", "Frozen for the draw")
    MATCHED = "matched", pgettext_lazy("round state", "Drawn")
    VISIBLE_TO_SCHOOLS = "visible_to_schools", pgettext_lazy("round state", "Visible to schools")
    OFFERS = "offers", pgettext_lazy("round state", "Offers sent")
    CLOSED = "closed", pgettext_lazy("round state", "Closed")


R = RoundState
ROUND_MOVES: dict[str, dict[str, set[str]]] = {
    RoundKind.ALM: {
        R.PLANNED: {R.OPEN},
        R.OPEN: {R.PROCESSING},
        R.PROCESSING: {R.LOCKED},
        R.LOCKED: {R.FROZEN},
        R.FROZEN: {R.MATCHED, R.LOCKED},  # LOCKED: its session is void, a new attempt may mend the lists
        R.MATCHED: {R.OFFERS},
        R.OFFERS: {R.CLOSED},
        R.CLOSED: set(),
    },
    RoundKind.VOVP: {
        R.PLANNED: {R.INVITED},
        R.INVITED: {R.OPT_IN},
        R.OPT_IN: {R.OPT_IN_CLOSED},
        R.OPT_IN_CLOSED: {R.FROZEN},
        R.FROZEN: {R.MATCHED, R.OPT_IN_CLOSED},
        R.MATCHED: {R.VISIBLE_TO_SCHOOLS},
        R.VISIBLE_TO_SCHOOLS: {R.OFFERS},
        R.OFFERS: {R.CLOSED},
        R.CLOSED: set(),
    },
}
# A round in one of these states has been drawn: its result exists and is official.
PLAYED_STATES = frozenset({R.MATCHED, R.VISIBLE_TO_SCHOOLS, R.OFFERS, R.CLOSED})
# From the freeze on, the draw and what follows included: lists, places and rules stand still.
FROZEN_STATES = frozenset({R.FROZEN, *PLAYED_STATES})
# Before these states forms and settings may still move.
BEFORE_LOCK_STATES = frozenset({R.PLANNED, R.OPEN, R.PROCESSING})


class DrawMode(models.TextChoices):
    DIGITAL = "digital", pgettext_lazy("draw mode", "Digital, with the notary")
    MANUAL = "manual", pgettext_lazy("draw mode", "By the school itself")


class PriorityKind(models.TextChoices):
    """The catalogue of priority rules (DH-009)."""

    SIBLING = "sibling", pgettext_lazy("priority rule", "Brother or sister at the school")
    PRESCHOOL = "preschool", pgettext_lazy("priority rule", "Preschool that works with the school")
    NEIGHBOURHOOD = "neighbourhood", pgettext_lazy("priority rule", "Lives in the neighbourhood area")
    STAFF = "staff", pgettext_lazy("priority rule", "Parent works at the school")


class JobState(models.TextChoices):
    REQUESTED = "requested", pgettext_lazy("job state", "Waiting")
    RUNNING = "running", pgettext_lazy("job state", "Running")
    DONE = "done", pgettext_lazy("job state", "Done")
    FAILED = "failed", pgettext_lazy("job state", "Failed")


class LetterInMail(models.TextChoices):
    """How a family gets its letter when it hears by mail; the region chooses."""

    ATTACHED = "attached", pgettext_lazy("letter in mail", "With the mail")
    LINK = "link", pgettext_lazy("letter in mail", "Behind a personal link")


class TicketKind(models.TextChoices):
    """What somebody asks a support desk (DH-190 to DH-194)."""

    QUESTION = "question", pgettext_lazy("ticket kind", "Question of a school")
    TRAINING = "training", pgettext_lazy("ticket kind", "Training at the school")
    PARENT = "parent", pgettext_lazy("ticket kind", "Question of a parent")
    CALL_BACK = "call_back", pgettext_lazy("ticket kind", "Call the parent back")


# Which desk answers what.
SCHOOL_TICKETS = (TicketKind.QUESTION, TicketKind.TRAINING)
PARENT_TICKETS = (TicketKind.PARENT, TicketKind.CALL_BACK)


class HandIn(models.TextChoices):
    """How parents hand in their form (DH-037)."""

    BOTH = "both", pgettext_lazy("hand in", "On paper or by e-mail")
    PAPER = "paper", pgettext_lazy("hand in", "On paper")
    EMAIL = "email", pgettext_lazy("hand in", "By e-mail")
