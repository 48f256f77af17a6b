"""How messages leave: the release of a round, and every copy on its way to one address."""

from django.db import models
from django.db.models import F, Q

from notifications.enums import Channel, DeliveryState, Settled


class Release(models.Model):
    """The one moment at which a round is told (vrijgave), opened by two different people (Q-48, DH-111, DH-142).

    A trigger refuses an outcome message that leaves without its opened release, and every change after it.
    """

    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="releases")
    round = models.OneToOneField("schools.Round", models.CASCADE, related_name="release")
    moment = models.DateTimeField()  # not a second earlier
    is_rehearsal = models.BooleanField(default=False)  # opened by a command, with nobody to tell it
    first_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    first_at = models.DateTimeField(null=True, blank=True)
    second_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    second_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    checked_at = models.DateTimeField(null=True, blank=True)  # every recipient was rendered dry
    checked = models.JSONField(default=dict, blank=True)  # what that found: count, newest message, problems

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(second_by__isnull=True)
                | (Q(first_by__isnull=False) & ~Q(second_by=F("first_by"))),
                name="release_by_two_people",
            ),
            models.CheckConstraint(
                condition=Q(opened_at__isnull=True)
                | Q(is_rehearsal=True, opened_at__gte=F("moment"))
                | Q(opened_at__gte=F("moment"), first_by__isnull=False, second_by__isnull=False),
                name="release_not_before_its_moment",
            ),
        ]

    def __str__(self) -> str:
        return f"release {self.round_id}"


class ReadyMark(models.Model):
    """A school says that its letters of a round are ready to go (klaargezet), Q-48."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="marks")
    school = models.ForeignKey("schools.School", models.CASCADE, related_name="+")
    marked_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    marked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["release", "school"], name="school_marks_ready_once")]

    def __str__(self) -> str:
        return f"ready {self.school_id}"


class ReleaseLook(models.Model):
    """What somebody of the office saw before the release: counts, and five letters to read (inkijk)."""

    release = models.ForeignKey(Release, models.CASCADE, related_name="looks")
    user = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    counts = models.JSONField(default=dict)  # kind|school code: number
    sample = models.JSONField(default=list)  # message numbers
    read = models.JSONField(default=list)

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"look {self.pk}"

    @property
    def is_read(self) -> bool:
        return set(self.sample) <= set(self.read)


class PrintBatch(models.Model):
    """Letters that were printed together and the day they were posted (printronde), DH-159, Q-35."""

    year = models.ForeignKey("schools.AdmissionYear", models.CASCADE, related_name="print_batches")
    school = models.ForeignKey("schools.School", models.CASCADE, null=True, blank=True, related_name="+")
    made_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    made_at = models.DateTimeField()
    posted_on = models.DateField(null=True, blank=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"print batch {self.pk}"


class Delivery(models.Model):
    """One copy of a message to one address (bezorging): made once, in the transaction that releases the message.

    ``key`` is in the Message-ID of the mail, so that a copy sent again after a stop is the same mail to every mail
    server. Triggers refuse a delivery of a message that is held, and any sending in a rehearsal year.
    """

    message = models.ForeignKey("notifications.Message", models.CASCADE, related_name="deliveries")
    position = models.PositiveSmallIntegerField(default=1)  # 1 the first parent, 2 the second
    channel = models.CharField(max_length=5, choices=Channel)
    name = models.CharField(max_length=200, blank=True)
    email = models.CharField(max_length=254, blank=True)
    key = models.CharField(max_length=32, unique=True)
    state = models.CharField(max_length=10, choices=DeliveryState)
    tries = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)  # by the clock of the machine: mail is real
    claimed_at = models.DateTimeField(null=True, blank=True)
    first_try_at = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(null=True, blank=True)  # of the newest report of a provider
    provider_id = models.CharField(max_length=200, blank=True)
    code = models.CharField(max_length=20, blank=True)  # of the last answer: 550, 4.2.1, timeout
    batch = models.ForeignKey(PrintBatch, models.PROTECT, null=True, blank=True, related_name="deliveries")
    settled_at = models.DateTimeField(null=True, blank=True)
    settled_how = models.CharField(max_length=10, choices=Settled, blank=True)
    settled_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["state", "next_try_at"], name="delivery_by_state"),
            models.Index(fields=["provider_id"], name="delivery_by_provider_id"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["message", "position"], name="delivered_once_per_recipient"),
            models.CheckConstraint(condition=Q(state__in=DeliveryState.values), name="delivery_state_known"),
            models.CheckConstraint(
                condition=Q(channel=Channel.POST, state__in=["to_post", "posted", "stored"])
                | (Q(channel=Channel.EMAIL) & ~Q(state__in=["to_post", "posted"]) & ~Q(email=""))
                # A school that gave no address: it shows among the failed ones.
                | Q(channel=Channel.EMAIL, email="", state__in=["failed", "stored"]),
                name="delivery_state_fits_channel",
            ),
            models.CheckConstraint(
                condition=(~Q(state=DeliveryState.SENDING) & Q(claimed_at__isnull=True))
                | Q(state=DeliveryState.SENDING, claimed_at__isnull=False),
                name="delivery_claimed_while_sending",
            ),
        ]

    def __str__(self) -> str:
        return f"delivery {self.pk}"


class DeliveryEvent(models.Model):
    """What was heard of one delivery (bezorgbericht), append-only: codes, never a name or an address."""

    delivery = models.ForeignKey(Delivery, models.CASCADE, related_name="events")
    state = models.CharField(max_length=10, choices=DeliveryState)
    at = models.DateTimeField()  # real time
    code = models.CharField(max_length=20, blank=True)
    source = models.CharField(max_length=20, blank=True)  # smtp, a provider, bounce, post or a person
    provider_event = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["pk"]
        constraints = [
            # A provider may report the same thing more than once.
            models.UniqueConstraint(
                fields=["delivery", "provider_event"],
                condition=~Q(provider_event=""),
                name="delivery_event_told_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.state}"
