"""Draw sessions as bytes. This app knows numbers, codes and bytes, never a child (DESIGN section 2)."""

from django.db import models
from django.db.models import Q

from lottery.enums import (
    OFFICIAL_STATES,
    SESSION_MOVES,
    VERIFIED_STATES,
    AttestationKind,
    EntryKind,
    Profile,
    SessionKind,
    SessionState,
    SignedBy,
)


class DrawSession(models.Model):
    """One committed draw (zitting): the five files of OA-LOT/1 with their hashes.

    ``name`` is the zitting and is never reused; ``digits``, ``orders``, ``secret`` and ``beacon_*`` arrive at the
    session itself and together make the seed.
    """

    name = models.CharField(max_length=32, unique=True)
    round = models.ForeignKey("schools.Round", models.PROTECT, related_name="draw_sessions")
    kind = models.CharField(max_length=6, choices=SessionKind, default=SessionKind.ROUND)
    key = models.CharField(max_length=16, blank=True)  # SCHOOL: its code; MINI: N1, N2 ...
    # MINI: the session whose limits its lots are compared with (OA-LOT/1 section 8).
    repairs = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="repaired_by")
    is_rehearsal = models.BooleanField(default=False)
    attempt = models.PositiveSmallIntegerField(default=1)  # poging
    profile = models.CharField(max_length=3, choices=Profile, default=Profile.NB)
    state = models.CharField(max_length=10, choices=SessionState, default=SessionState.FROZEN)
    protocol = models.CharField(max_length=20, default="OA-LOT/1")

    dossiers = models.BinaryField()
    participants = models.BinaryField()  # deelnemers.txt
    commitment = models.BinaryField()  # vastlegging.txt
    seed = models.BinaryField(null=True)  # zaad.txt
    outcome = models.BinaryField(null=True)  # uitslag.txt
    dossiers_hash = models.CharField(max_length=64)
    participants_hash = models.CharField(max_length=64)
    commitment_hash = models.CharField(max_length=64)  # H_C
    seed_hash = models.CharField(max_length=64, blank=True)  # K
    outcome_hash = models.CharField(max_length=64, blank=True)
    digits = models.CharField(max_length=200, blank=True)  # the dice, typed twice and equal
    orders = models.JSONField(default=dict)  # profile H: drawn units by draw
    secret = models.CharField(max_length=64, blank=True)  # profiles NG and NGB, from the envelope
    slot = models.CharField(max_length=64, blank=True)  # lock of the dice, section 4.4
    # SCHOOL: who drew, when, and where the recording is; without them the draw is not finished (DH-077).
    drawn_by = models.CharField(max_length=120, blank=True)
    drawn_at = models.DateTimeField(null=True)
    recording = models.CharField(max_length=200, blank=True)
    beacon_round = models.PositiveBigIntegerField(null=True)
    beacon_value = models.CharField(max_length=64, blank=True)
    beacon_signature = models.CharField(max_length=96, blank=True)

    frozen_at = models.DateTimeField()  # times by the year's clock
    committed_at = models.DateTimeField(null=True)  # confirmed by a second person, H_C public
    locked_at = models.DateTimeField(null=True)  # dice locked
    beacon_at = models.DateTimeField(null=True)  # time of the beacon round used
    computed_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    applied_at = models.DateTimeField(null=True)  # official
    attested_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    verifier_hash = models.CharField(max_length=64, blank=True)
    verifier_report = models.TextField(blank=True)
    rules_hash = models.CharField(max_length=64)  # reglement
    notary_name = models.CharField(max_length=120, blank=True)
    notes = models.JSONField(default=list)  # sentences for the record, without names
    place = models.CharField(max_length=120, blank=True)  # where the sitting is held
    sitting_at = models.DateTimeField(null=True)  # when the sitting begins, as the office announces it
    record = models.BinaryField(null=True)  # verslag.pdf, before any signature
    record_hash = models.CharField(max_length=64, blank=True)  # a signature never has the same bytes twice
    public_record = models.BinaryField(null=True)  # verslag-openbaar.pdf

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(condition=Q(state__in=SessionState.values), name="session_state_known"),
            models.CheckConstraint(
                condition=Q(is_rehearsal=True, name__startswith="OEFEN-")
                | (Q(is_rehearsal=False) & ~Q(name__startswith="OEFEN-")),
                name="rehearsal_sessions_are_named_so",
            ),
            # No result that the verifier has not confirmed (OA-LOT/1 section 7 point 6).
            models.CheckConstraint(
                condition=~Q(state__in=VERIFIED_STATES)
                | (Q(verified_at__isnull=False, outcome__isnull=False) & ~Q(outcome_hash="")),
                name="official_only_when_verified",
            ),
            models.UniqueConstraint(
                fields=["round"],
                condition=Q(applied_at__isnull=False, state__in=OFFICIAL_STATES, kind=SessionKind.ROUND),
                name="one_official_session_per_round",
            ),
            models.CheckConstraint(condition=Q(kind__in=SessionKind.values), name="session_kind_known"),
            models.CheckConstraint(
                condition=Q(kind=SessionKind.ROUND, key="") | (~Q(kind=SessionKind.ROUND) & ~Q(key="")),
                name="session_beside_the_round_has_a_key",
            ),
            # Two people who begin the same thing at the same moment: one session.
            models.UniqueConstraint(
                fields=["round", "kind", "key"],
                condition=~Q(kind=SessionKind.ROUND) & ~Q(state=SessionState.VOID),
                name="one_live_session_beside_the_round",
            ),
            models.CheckConstraint(
                condition=~Q(kind=SessionKind.SCHOOL)
                | Q(state__in=[SessionState.FROZEN, SessionState.COMMITTED, SessionState.VOID])
                | (Q(drawn_at__isnull=False) & ~Q(drawn_by="") & ~Q(recording="")),
                name="draw_by_hand_says_who_and_when",
            ),
            models.CheckConstraint(
                condition=Q(state__in=OFFICIAL_STATES, applied_at__isnull=False)
                | (~Q(state__in=OFFICIAL_STATES) & Q(applied_at__isnull=True)),
                name="official_means_applied",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def can_move_to(self, target: str) -> bool:
        return target in SESSION_MOVES[self.state]

    @property
    def is_verified(self) -> bool:
        return self.state in VERIFIED_STATES

    @property
    def is_official(self) -> bool:
        return self.applied_at is not None

    def files(self) -> dict[str, bytes]:
        """The files that exist so far, by the names of the protocol."""
        stored = {
            "dossiers.txt": self.dossiers,
            "deelnemers.txt": self.participants,
            "vastlegging.txt": self.commitment,
            "zaad.txt": self.seed,
            "uitslag.txt": self.outcome,
        }
        return {name: bytes(content) for name, content in stored.items() if content is not None}


class SessionNumber(models.Model):
    """A child's number in the files of one session (lotnummer): the only link to a registration number.

    Known to the family, to no school; the table is restricted.
    """

    session = models.ForeignKey(DrawSession, models.CASCADE, related_name="numbers")
    number = models.CharField(max_length=32)
    registration_number = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["session", "number"], name="session_number_unique"),
            models.UniqueConstraint(
                fields=["session", "registration_number"], name="session_number_once_per_child"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class Draw(models.Model):
    """One draw in a session: ``school/<code>`` (schoolloting) or ``centraal`` (centrale loting)."""

    session = models.ForeignKey(DrawSession, models.CASCADE, related_name="draws")
    position = models.PositiveIntegerField()
    draw_id = models.CharField(max_length=32)
    places = models.CharField(max_length=10)  # as in the loting line: a number, "-" or "onbeperkt"
    children = models.PositiveIntegerField()

    class Meta:
        ordering = ["session_id", "position"]
        constraints = [
            models.UniqueConstraint(fields=["session", "draw_id"], name="draw_id_unique_in_session")
        ]

    def __str__(self) -> str:
        return self.draw_id

    @property
    def lots_decided(self) -> bool:
        """False when there were no more children than places (DH-071)."""
        return self.places != "onbeperkt" and (self.places == "-" or self.children > int(self.places))


class DrawOutcome(models.Model):
    """One uitkomst line: rank, lot, class and result of one number in one draw."""

    draw = models.ForeignKey(Draw, models.CASCADE, related_name="outcomes")
    rank = models.PositiveIntegerField()
    number = models.CharField(max_length=32)
    unit = models.CharField(max_length=32)
    tier = models.PositiveSmallIntegerField(null=True)  # klasse; None = "-"
    lot = models.CharField(max_length=64)
    code = models.CharField(max_length=16, blank=True)  # empty = "-": no place in this draw

    class Meta:
        ordering = ["draw_id", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["draw", "number"], name="draw_outcome_once_per_number"),
            models.UniqueConstraint(fields=["draw", "rank"], name="draw_outcome_rank_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.draw_id}/{self.rank}"


class Attestation(models.Model):
    """Who confirmed what, and when (verklaring)."""

    session = models.ForeignKey(DrawSession, models.CASCADE, related_name="attestations")
    kind = models.CharField(max_length=10, choices=AttestationKind)
    user = models.ForeignKey("schools.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["session_id", "at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind__in=AttestationKind.values), name="attestation_kind_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.kind}"


class BlindEntry(models.Model):
    """What one person typed without seeing what the other typed (dubbele invoer); officials only, no child.

    ``key`` is the draw in profile H, else empty. Two different entries are both dropped. Without ``user`` it is a
    beacon value that the program fetched: one person reads the same from another device.
    """

    session = models.ForeignKey(DrawSession, models.CASCADE, related_name="entries")
    kind = models.CharField(max_length=10, choices=EntryKind)
    key = models.CharField(max_length=32, blank=True)
    user = models.ForeignKey("schools.User", models.PROTECT, null=True, related_name="+")
    value = models.TextField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["session_id", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["session", "kind", "key", "user"], name="one_entry_a_person"),
            models.UniqueConstraint(
                fields=["session", "kind", "key"], condition=Q(user=None), name="one_entry_of_the_program"
            ),
            models.CheckConstraint(condition=Q(kind__in=EntryKind.values), name="blind_entry_kind_known"),
            models.CheckConstraint(
                condition=Q(user__isnull=False) | Q(kind=EntryKind.BEACON), name="only_a_beacon_is_fetched"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.kind} {self.user_id}"


class SignedRecord(models.Model):
    """The complete record with a digital signature: of this installation, or as the notary gave it back (PAdES).

    Append-only. ``unsigned_hash`` is the SHA-256 of the record before the signature; ``findings`` what was found in a
    returned copy, as codes with values (``lottery.services.returned_record``).
    """

    session = models.ForeignKey(DrawSession, models.CASCADE, related_name="signed_records")
    origin = models.CharField(max_length=10, choices=SignedBy)
    unsigned_hash = models.CharField(max_length=64)
    content = models.BinaryField()
    hash = models.CharField(max_length=64)
    signer = models.CharField(max_length=200)  # as the certificate names it
    fingerprint = models.CharField(max_length=64)  # SHA-256 of the certificate
    is_exercise = models.BooleanField(default=False)
    findings = models.JSONField(default=list)
    user = models.ForeignKey("schools.User", models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["session_id", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(origin__in=SignedBy.values), name="signed_by_known"),
            models.UniqueConstraint(fields=["session", "origin", "hash"], name="signed_record_once"),
            models.UniqueConstraint(
                fields=["session", "unsigned_hash"],
                condition=Q(origin=SignedBy.OPERATOR),
                name="operator_signs_a_record_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.origin}"


class TimeStamp(models.Model):
    """What a time stamp service said of the hash of one file of a session, or why it said nothing (RFC 3161).

    Append-only. ``stamped_at`` is the time of the service itself and never the clock of a rehearsal year.
    """

    session = models.ForeignKey(DrawSession, models.CASCADE, related_name="time_stamps")
    file = models.CharField(max_length=20)  # vastlegging.txt or verslag.pdf
    hash = models.CharField(max_length=64)
    token = models.BinaryField(null=True)  # None = no stamp, and ``problem`` says why
    authority = models.CharField(max_length=200, blank=True)  # as its certificate names it
    stamped_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()  # by the year's clock

    class Meta:
        ordering = ["session_id", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["session", "hash"], condition=Q(token__isnull=False), name="file_is_stamped_once"
            ),
            models.CheckConstraint(
                condition=Q(token__isnull=False, stamped_at__isnull=False, problem="")
                | (Q(token__isnull=True, stamped_at__isnull=True) & ~Q(problem="")),
                name="time_stamp_or_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.session_id} {self.file}"
