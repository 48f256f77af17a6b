"""Setting a rehearsal year back as a whole to what was imported (DESIGN section 7)."""

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from admissions.enums import ClaimState, Decision, FormState, JobKind
from admissions.models import (
    Application,
    ApplicationForm,
    CareCase,
    Case,
    Child,
    ContactAttempt,
    FileOpening,
    FormEntry,
    FormVersion,
    LateWithdrawal,
    LedgerEntry,
    MoveRequest,
    Participation,
    PlaceException,
    Placement,
    Preference,
    PriorityClaim,
    PublishedRound,
    ReminderStop,
    Repair,
    Withdrawal,
)
from admissions.services.forms.contents import known_child, write_contents
from admissions.services.places.ledger import book_ceilings
from admissions.services.year.import_applications import care_case_of
from admissions.services.year.states import chunks
from lottery.models import Attestation, Draw, DrawOutcome, DrawSession, SessionNumber, SignedRecord
from notifications.models import Delivery, DeliveryEvent, Letter, Message, PrintBatch, Release
from schools.clock import database_now
from schools.enums import JobState, RoundKind, RoundState
from schools.errors import RefusedError
from schools.models import AdmissionYear, Event, EventHead, Job, SchoolRound, User, local_moment
from schools.services.events import Fact, record_event
from schools.services.jobs import STALE_AFTER

BATCH = 500


class ResetRefused(RefusedError):
    """This year cannot be reset (now)."""


def check_resettable(year: AdmissionYear) -> None:
    """Raises ResetRefused for a real year: nothing that took part in a draw is ever deleted (DH-200)."""
    if not settings.REHEARSAL_ALLOWED or not year.is_rehearsal:
        raise ResetRefused(_("This is a real year. Only a rehearsal year can be reset."))


@transaction.atomic
def reset_year(year: AdmissionYear, *, actor: User | None) -> int:
    """Take back everything that happened in a rehearsal year; returns the number of forms that are left.

    What was imported stays: forms final in their imported version, ceilings, rules, calendar. What was typed since, and
    a second form after moving house, goes. The trail begins again with one ``year_reset``.
    Raises ResetRefused in a real year and while letters are being made.
    """
    year = AdmissionYear.objects.select_for_update(no_key=True).select_related("region").get(pk=year.pk)
    check_resettable(year)
    _check_no_letters(year)
    ceilings, imported = _imported_ceilings(year), _imported(year)
    # From here until the end of this transaction the database lets append-only rows of this year go.
    year.reset_started_at = database_now()
    year.save(update_fields=["reset_started_at"])
    _remove_what_happened(year)
    _remove_what_was_typed(year, imported)
    _restore_forms(year)
    _restore_care(year)
    _restore_rounds(year, ceilings)
    bound = Application.objects.filter(year=year).order_by("-pk").values_list("pk", flat=True).first() or 0
    forms = Application.objects.filter(year=year).count()
    EventHead.objects.filter(year=year).delete()
    Event.objects.filter(year=year).delete()
    year.clock_at, year.reset_started_at = local_moment(year.starts_on), None
    year.save(update_fields=["clock_at", "reset_started_at"])
    fact = Fact("year_reset", "year", year.code, new=str(bound), reason=f"{forms} forms")
    record_event(year, fact, actor=actor)
    return forms


def _check_no_letters(year: AdmissionYear) -> None:
    live = Job.objects.filter(
        year=year, kind=JobKind.LETTERS, state=JobState.RUNNING, heartbeat_at__gt=database_now() - STALE_AFTER
    )
    if live.exists():
        raise ResetRefused(_("Letters are being made. Wait until they are ready, then reset the year."))


def _imported(year: AdmissionYear) -> QuerySet[Application]:
    """Applications that came in by import: told so in the trail, or already there at an earlier reset."""
    events = Event.objects.filter(year=year)
    numbers = events.filter(kind="form_imported").values("object_key")
    earlier = events.filter(kind="year_reset").order_by("-sequence").values_list("new", flat=True).first()
    known = Q(registration_number__in=numbers) | Q(pk__lte=int(earlier or 0))
    return Application.objects.filter(known, year=year, previous=None)


def _imported_ceilings(year: AdmissionYear) -> dict[str, int]:
    """The ceiling of the import by ``<code>/<round>``, for schools whose ceiling was told or changed since."""
    first: dict[str, int] = {}
    events = Event.objects.filter(year=year, kind="ceiling_set").order_by("sequence")
    for key, old, new in events.values_list("object_key", "old", "new"):
        first.setdefault(key, int(old or new))
    return first


def _remove_what_happened(year: AdmissionYear) -> None:
    """Every row that a round, a reply or an office made; what points at something goes before it."""
    placements = Placement.objects.filter(school_round__round__year=year)
    sessions = DrawSession.objects.filter(round__year=year)
    sessions.update(repairs=None)
    gone: Iterable[QuerySet[Model]] = (
        FileOpening.objects.filter(application__year=year),
        PublishedRound.objects.filter(round__year=year),
        Repair.objects.filter(session__round__year=year),
        LateWithdrawal.objects.filter(round__year=year),
        DeliveryEvent.objects.filter(delivery__message__year=year),
        Delivery.objects.filter(message__year=year),
        PrintBatch.objects.filter(year=year),
        Release.objects.filter(year=year),  # with its marks and looks
        ContactAttempt.objects.filter(application__year=year),
        ReminderStop.objects.filter(school_round__round__year=year),
        Letter.objects.filter(message__year=year),
        Message.objects.filter(year=year),
        LedgerEntry.objects.filter(school_round__round__year=year),
        Participation.objects.filter(round__year=year),
        Withdrawal.objects.filter(application__year=year),
        MoveRequest.objects.filter(application__year=year),
        Case.objects.filter(year=year),
        PlaceException.objects.filter(round__year=year),
        Preference.objects.filter(application__year=year, added_in__isnull=False),
        CareCase.objects.filter(application__year=year),
        DrawOutcome.objects.filter(draw__session__round__year=year),
        Draw.objects.filter(session__round__year=year),
        SessionNumber.objects.filter(session__round__year=year),
        Attestation.objects.filter(session__round__year=year),
        SignedRecord.objects.filter(session__round__year=year),
        sessions,
        Job.objects.filter(year=year).exclude(kind=JobKind.RESET_YEAR),
    )
    for rows in gone:
        rows.delete()
    placements.update(supersedes=None)
    placements.delete()


def _remove_what_was_typed(year: AdmissionYear, imported: QuerySet[Application]) -> None:
    FormEntry.objects.filter(school_round__round__year=year).delete()
    keep = set(imported.values_list("pk", flat=True))
    rows = Application.objects.filter(year=year).values_list("pk", "child_id")
    typed = {pk: child for pk, child in rows if pk not in keep}
    for ids in chunks(list(typed)):
        Application.objects.filter(pk__in=ids).update(previous=None)
        Application.objects.filter(pk__in=ids).delete()
    for ids in chunks(list(set(typed.values()))):
        Child.objects.filter(pk__in=ids, applications=None).delete()


def _restore_forms(year: AdmissionYear) -> None:
    """Every form final in version 1, every application waiting for the draw."""
    forms = ApplicationForm.objects.filter(year=year)
    changed = forms.filter(Q(versions__version__gt=1) | Q(draft__isnull=False) | Q(state=FormState.RELEASED))
    for form in changed.distinct().select_related("application__year", "application__first_choice"):
        first = form.versions.get(version=1)
        child = form.application.child
        known = known_child(year.region_id, first.contents)
        write_contents(form.application, first.contents, known=known)
        if child.pk != form.application.child_id and not child.applications.exists():
            child.delete()
        form.checked_by, form.checked_at = first.finalised_by, first.finalised_at
        form.save(update_fields=["checked_by", "checked_at"])
    FormVersion.objects.filter(form__year=year, version__gt=1).delete()
    forms.update(state=FormState.FINAL, version=1, draft=None)
    # Claims of a file are confirmed ones (data-formats.md section 1).
    PriorityClaim.objects.filter(application__year=year).update(state=ClaimState.CONFIRMED, evidence="")
    Application.objects.filter(year=year).update(decision=Decision.UNDECIDED)


def _restore_care(year: AdmissionYear) -> None:
    versions = FormVersion.objects.filter(form__year=year, version=1).select_related("form__application")
    CareCase.objects.bulk_create(
        (
            case
            for version in versions.iterator(chunk_size=2000)
            if (
                case := care_case_of(
                    version.form.application, version.contents, received_on=version.form.received_on
                )
            )
            is not None
        ),
        batch_size=BATCH,
    )


def _restore_rounds(year: AdmissionYear, ceilings: dict[str, int]) -> None:
    """Rounds planned, ceilings those of the import and booked anew, nobody ready yet."""
    year.rounds.update(state=RoundState.PLANNED)
    seats = SchoolRound.objects.filter(round__year=year, ceiling__isnull=False, round__kind=RoundKind.ALM)
    changed = []
    for seat in seats.select_related("round", "programme"):
        ceiling = ceilings.get(f"{seat.programme.code}/{seat.round.code}", seat.ceiling)
        if ceiling != seat.ceiling:
            seat.ceiling = ceiling
            changed.append(seat)
    SchoolRound.objects.bulk_update(changed, ["ceiling"], batch_size=BATCH)
    SchoolRound.objects.filter(round__year=year).update(is_ready=False)
    book_ceilings(year, cause="import")
