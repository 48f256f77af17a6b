"""Fixed words of the lottery app."""

from django.db import models
from django.utils.translation import pgettext_lazy


class Profile(models.TextChoices):
    """Where the randomness comes from (OA-LOT/1 section 2)."""

    NB = "NB", pgettext_lazy("draw profile", "Notary's dice and public beacon")
    NG = "NG", pgettext_lazy("draw profile", "Notary's dice and committed secret")
    NGB = "NGB", pgettext_lazy("draw profile", "Dice, secret and beacon")
    H = "H", pgettext_lazy("draw profile", "Drawn by hand")


class SessionKind(models.TextChoices):
    """What a session is for; the round has one that counts, the others stand beside it."""

    ROUND = "round", pgettext_lazy("session kind", "Draw of the round")
    SCHOOL = "school", pgettext_lazy("session kind", "Draw by hand at a school")
    MINI = "mini", pgettext_lazy("session kind", "Draw afterwards for one child")


class SessionState(models.TextChoices):
    """Steps of a draw session; nothing is skipped and nothing goes back (OA-LOT/1 section 7)."""

    FROZEN = "frozen", pgettext_lazy("session state", "Frozen")
    COMMITTED = "committed", pgettext_lazy("session state", "Committed")
    LOCKED = "locked", pgettext_lazy("session state", "Dice locked")
    SEEDED = "seeded", pgettext_lazy("session state", "Randomness complete")
    COMPUTED = "computed", pgettext_lazy("session state", "Computed")
    VERIFIED = "verified", pgettext_lazy("session state", "Verified")
    APPLIED = "applied", pgettext_lazy("session state", "Official")
    ATTESTED = "attested", pgettext_lazy("session state", "Attested by the notary")
    PUBLISHED = "published", pgettext_lazy("session state", "Published")
    VOID = "void", pgettext_lazy("session state", "Void")


S = SessionState
SESSION_MOVES: dict[str, set[str]] = {
    S.FROZEN: {S.COMMITTED, S.VOID},
    S.COMMITTED: {S.LOCKED, S.VOID},
    S.LOCKED: {S.SEEDED, S.VOID},  # VOID: only when every beacon round is missing (OA-LOT/1 section 8)
    S.SEEDED: {S.COMPUTED},
    S.COMPUTED: {S.VERIFIED},
    S.VERIFIED: {S.APPLIED},
    # VOID: only a school's draw by hand whose order cannot be shown, before the freeze of its round.
    S.APPLIED: {S.ATTESTED, S.VOID},
    S.ATTESTED: {S.PUBLISHED},
    S.PUBLISHED: set(),
    S.VOID: set(),
}
# The second program agreed; the result is the one of its round.
VERIFIED_STATES = (S.VERIFIED, S.APPLIED, S.ATTESTED, S.PUBLISHED)
OFFICIAL_STATES = (S.APPLIED, S.ATTESTED, S.PUBLISHED)
UNDERWAY_STATES = (S.FROZEN, S.COMMITTED, S.LOCKED, S.SEEDED, S.COMPUTED, S.VERIFIED)


class EntryKind(models.TextChoices):
    """What two people type without seeing each other's entry."""

    DICE = "dice", pgettext_lazy("blind entry", "60 throws")
    BEACON = "beacon", pgettext_lazy("blind entry", "Beacon value")
    SECRET = "secret", pgettext_lazy("blind entry", "Secret from the envelope")
    ORDER = "order", pgettext_lazy("blind entry", "Order drawn by hand")


class SignedBy(models.TextChoices):
    """Whose digital signature stands on a record."""

    OPERATOR = "operator", pgettext_lazy("signature", "This installation")
    NOTARY = "notary", pgettext_lazy("signature", "The notary")


class AttestationKind(models.TextChoices):
    """Who confirmed what (proces-verbaal, OA-LOT/1 section 7 point 7)."""

    FREEZE = "freeze", pgettext_lazy("attestation", "Lists frozen")
    CONFIRM = "confirm", pgettext_lazy("attestation", "Commitment confirmed and public")
    COMPARE = "compare", pgettext_lazy("attestation", "Commitment compared with the own copy")
    PLACE = "place", pgettext_lazy("attestation", "Place and time of the sitting")
    WITNESS = "witness", pgettext_lazy("attestation", "Witness present")
    DICE = "dice", pgettext_lazy("attestation", "Dice thrown and locked")
    BEACON = "beacon", pgettext_lazy("attestation", "Beacon value read")
    SECRET = "secret", pgettext_lazy("attestation", "Envelope opened")
    ORDER = "order", pgettext_lazy("attestation", "Order drawn by hand")
    COMPUTE = "compute", pgettext_lazy("attestation", "Computation started")
    VERIFIED = "verified", pgettext_lazy("attestation", "Recomputed by the second program")
    NOTARY = "notary", pgettext_lazy("attestation", "Attested by the notary")
    SIGNED = "signed", pgettext_lazy("attestation", "Signed record handed in")
    PUBLISHED = "published", pgettext_lazy("attestation", "Made public")
    VOID = "void", pgettext_lazy("attestation", "Declared void")
    INCIDENT = "incident", pgettext_lazy("attestation", "Incident or remark")
    REPAIR = "repair", pgettext_lazy("attestation", "Repair after the draw")
