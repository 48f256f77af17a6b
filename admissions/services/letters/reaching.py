"""The contact log of a child, and stopping its reminder (DH-121)."""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import ContactWay
from admissions.models import Application, ContactAttempt, Placement, ReminderStop
from schools.clock import now, today
from schools.errors import RefusedError
from schools.models import Round, School, SchoolRound, User
from schools.services.events import Fact, record_event


class ReachError(RefusedError):
    """This cannot be written down."""


@transaction.atomic
def log_contact(
    application: Application,
    *,
    school: School | None,
    way: ContactWay,
    on: date,
    was_reached: bool,
    note: str,
    actor: User | None,
) -> ContactAttempt:
    """Write down that somebody tried to reach the family; the trail keeps the way, the note may hold names."""
    if on > today(application.year):
        raise ReachError(_("That day has not come yet."))
    attempt = ContactAttempt.objects.create(
        application=application,
        school=school,
        way=way,
        on=on,
        was_reached=was_reached,
        note=note[:300],
        recorded_by=actor,
        recorded_at=now(application.year),
    )
    fact = Fact(
        "contact_logged",
        "application",
        application.registration_number,
        new=str(way),
        reason="reached" if was_reached else "",
    )
    record_event(application.year, fact, actor=actor)
    return attempt


@transaction.atomic
def stop_reminder(placement: Placement, *, stop: bool, actor: User | None) -> None:
    """No automatic reminder (M08) to this family, or one after all."""
    rows = ReminderStop.objects.filter(placement=placement)
    year = placement.school_round.round.year
    if stop:
        ReminderStop.objects.get_or_create(
            placement=placement,
            defaults={"school_round": placement.school_round, "stopped_by": actor, "stopped_at": now(year)},
        )
    else:
        rows.delete()


@transaction.atomic
def stop_reminders_of_school(round_: Round, school: School, *, stop: bool, actor: User | None) -> None:
    """No automatic reminders of this school in this round, or again."""
    for school_round in SchoolRound.objects.filter(round=round_, programme__school=school):
        if stop:
            ReminderStop.objects.get_or_create(
                school_round=school_round,
                placement=None,
                defaults={"stopped_by": actor, "stopped_at": now(round_.year)},
            )
        else:
            ReminderStop.objects.filter(school_round=school_round, placement=None).delete()
