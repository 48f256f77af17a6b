"""From the freeze nothing that goes into the draw changes, whoever writes (OA-LOT/1 section 12 test 11)."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from admissions.enums import CareState, ClaimState, EntryKind, FormState
from admissions.models import (
    Application,
    ApplicationForm,
    CareCase,
    LateWithdrawal,
    LedgerEntry,
    Preference,
    PriorityClaim,
    Withdrawal,
)
from admissions.services.care.care_route import move_care
from admissions.services.draws.ceremony import void_round
from admissions.services.draws.manual_draw import process_automatically
from admissions.services.places.ceilings import set_ceiling
from admissions.services.replies.answers import withdraw
from admissions.services.replies.withdrawal_reasons import Reason
from admissions.services.year.reset import reset_year
from schools.enums import RoundState
from schools.errors import RefusedError
from schools.models import PriorityRule, Round, SchoolRound
from tests.factories.admissions import CareCaseFactory, PreferenceFactory, PriorityClaimFactory
from tests.factories.ceremony import Room, open_room
from tests.factories.city import School
from tests.factories.schools import PriorityRuleFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def frozen() -> Room:
    room = open_room(schools={"A": School(2, rules="sibling neighbourhood"), "B": 1})
    application = room.city.application("a0")
    PriorityClaimFactory(application=application, kind="sibling", state=ClaimState.CONFIRMED)
    CareCaseFactory(application=application, state=CareState.DUTY_YES)
    room.freeze()
    return room


def refused(sql: str, *values: Any) -> None:
    with (
        pytest.raises(IntegrityError, match=r"frozen|bevroren"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql, values)


def test_raw_sql_changes_nothing(frozen: Room):
    """Every table that the dossier lines are made of, as the SQL role of the application would write."""
    application, seat = frozen.city.application("a0"), frozen.city.school_round("A", "ALM1")
    other = frozen.city.school_round("B", "ALM1")
    for table, change in {
        "admissions_application": f"first_choice_id = {other.pk}",
        "admissions_application ": "decision = 'withdrawn'",
        "admissions_application  ": "registration_number = 'X1'",
    }.items():
        refused(f"UPDATE {table} SET {change} WHERE id = %s", application.pk)
    for change in ("postcode = '2511AA'", "state = 'released'", "version = version + 1"):
        refused(f"UPDATE admissions_applicationform SET {change} WHERE application_id = %s", application.pk)
    refused(
        "UPDATE admissions_priorityclaim SET state = 'rejected' WHERE application_id = %s", application.pk
    )
    refused("UPDATE admissions_carecase SET state = 'duty_no' WHERE application_id = %s", application.pk)
    refused("UPDATE schools_schoolround SET ceiling = 9 WHERE id = %s", seat.pk)
    refused("UPDATE schools_priorityrule SET position = 4 WHERE programme_id = %s", seat.programme_id)
    refused(
        "UPDATE schools_priorityrule SET area_postcodes = '2599' WHERE programme_id = %s", seat.programme_id
    )
    for table, column, key in (
        ("admissions_preference", "application_id", application.pk),
        ("admissions_priorityclaim", "application_id", application.pk),
        ("admissions_carecase", "application_id", application.pk),
        ("schools_priorityrule", "programme_id", seat.programme_id),
        ("schools_schoolround", "id", seat.pk),
        ("admissions_application", "id", application.pk),
    ):
        refused(f"DELETE FROM {table} WHERE {column} = %s", key)


def test_rows_cannot_be_added(frozen: Room):
    application, seat = frozen.city.application("a0"), frozen.city.school_round("A", "ALM1")
    programme = frozen.city.school_round("Z5", "ALM1").programme
    rows: list[Callable[[], object]] = [
        lambda: PreferenceFactory(
            application=application, programme=programme, rank=application.preferences.count() + 1
        ),
        lambda: PriorityClaimFactory(application=application, kind="staff"),
        lambda: CareCaseFactory(application=frozen.city.application("a1")),
        lambda: PriorityRuleFactory(year=frozen.city.year, programme=programme, kind="staff"),
        lambda: LedgerEntry.objects.create(
            school_round=seat,
            kind=EntryKind.CEILING,
            places=5,
            effective_on=frozen.city.year.starts_on,
            cause="x",
        ),
        lambda: SchoolRound.objects.create(round=frozen.round, programme=programme, ceiling=3),
    ]
    for add in rows:
        with pytest.raises(IntegrityError), transaction.atomic():
            add()


def test_bulk_writes_of_a_shell_change_nothing(frozen: Room):
    writes: list[Callable[[], object]] = [
        lambda: ApplicationForm.objects.update(postcode="2511AA"),
        lambda: ApplicationForm.objects.update(state=FormState.FINAL),
        lambda: Application.objects.all().delete(),
        lambda: Preference.objects.all().delete(),
        lambda: PriorityClaim.objects.update(state=ClaimState.REJECTED),
        lambda: CareCase.objects.update(state=CareState.DUTY_NO),
        lambda: SchoolRound.objects.filter(round=frozen.round).update(ceiling=50),
        lambda: PriorityRule.objects.all().delete(),
        lambda: Round.objects.filter(pk=frozen.round.pk).update(state=RoundState.LOCKED),
        lambda: Round.objects.filter(pk=frozen.round.pk).update(state=RoundState.MATCHED),
    ]
    for write in writes:
        with pytest.raises(IntegrityError), transaction.atomic():
            write()


def test_withdrawal_is_kept_beside_the_lists_and_refused_when_said_twice(frozen: Room):
    """den-haag.md 4.2, Q-10: stored, applied directly after the result; until then no application changes state."""
    application = frozen.city.application("a0")
    before = Application.objects.filter(pk=application.pk).values().get()
    committed = frozen.session().files()
    withdraw(application.pk, reason=Reason("uncapped_school"), on=None, actor=None)
    assert LateWithdrawal.objects.get(applied_at=None).application == application
    assert Application.objects.filter(pk=application.pk).values().get() == before
    assert not Withdrawal.objects.exists() and frozen.session().files() == committed
    with pytest.raises(RefusedError):
        withdraw(application.pk, reason=Reason("uncapped_school"), on=None, actor=None)
    assert LateWithdrawal.objects.count() == 1


def test_services_say_why(frozen: Room):
    application, seat = frozen.city.application("a0"), frozen.city.school_round("A", "ALM1")
    SchoolRound.objects.filter(round__code="ALM2").update(is_ready=True)  # another round stays free
    acts: list[Callable[[], object]] = [
        lambda: set_ceiling(seat.pk, ceiling=9, by_office=True, reason="meer plaats", actor=None),
        lambda: process_automatically(seat.pk, actor=None),
        lambda: move_care(
            application.care_case.pk, CareState.DUTY_NO, actor=None, on=frozen.city.year.starts_on
        ),
    ]
    for act in acts:
        with pytest.raises(RefusedError):
            act()


def test_import_changes_nothing(frozen: Room):
    before = Application.objects.count()
    report = frozen.city.imported("ALM1", late="A B")
    assert (report.imported, len(report.refused), Application.objects.count()) == (0, 1, before)


def test_what_is_no_input_may_change(frozen: Room):
    """Address lines and the letter of the care route go on while the lists stand still."""
    ApplicationForm.objects.update(street="Andere straat")
    CareCase.objects.filter(state=CareState.DUTY_YES).update(state=CareState.LETTER_DRAFT)


def test_void_session_opens_the_lists_again(frozen: Room):
    void_round(frozen.session().pk, reason="Een plafond stond verkeerd.", actor=frozen.first)
    ApplicationForm.objects.update(postcode="2511AA")
    SchoolRound.objects.filter(round=frozen.round, programme__code="00000B").update(draw_mode="manual")


def test_reset_of_a_rehearsal_still_works(frozen: Room):
    reset_year(frozen.city.year, actor=None)
    assert frozen.round.state == RoundState.PLANNED
