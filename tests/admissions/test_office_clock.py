"""Moving the clock of a rehearsal year: forward only, with the deadlines it passes."""

from datetime import date, time

import pytest
from django.utils import translation

from admissions.enums import CaseKind, FormState
from admissions.models import ApplicationForm, Case
from admissions.services.year.year_clock import move_year_clock
from schools.clock import ClockError
from schools.enums import RoundState
from schools.models import AMSTERDAM, Event, local_moment
from tests.admissions.office import manager, played_city, small_city, text
from tests.factories.city import City

pytestmark = pytest.mark.django_db

CLOCK = "/programma/klok/"


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def clock_of(city: City) -> str:
    city.year.refresh_from_db()
    return city.year.clock_at.astimezone(AMSTERDAM).isoformat()


def states(city: City) -> dict[str, str]:
    return dict(city.year.rounds.exclude(state=RoundState.PLANNED).values_list("code", "state"))


@pytest.mark.parametrize("day", ["2023-12-05", "5-12-2023", "05/12/2023", "5-12-23"])
def test_clock_moves_to_the_moment_that_was_typed_and_rounds_keep_time(day: str):
    city = small_city()
    answer = manager(city).post(CLOCK, {"day": day, "at": "09:30"}, follow=True)
    assert clock_of(city) == "2023-12-05T09:30:00+01:00"
    assert states(city) == {"ALM1": RoundState.OPEN}
    told = str(next(iter(answer.context["messages"])))
    assert "5 December 2023" in told
    assert "Application period 1" in told
    assert Event.objects.filter(kind="clock_moved").count() == 1


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        (("2023-11-30", time(23, 59, 59)), RoundState.PLANNED),
        (("2023-12-01", time(0)), RoundState.OPEN),
        (("2023-12-31", time(23, 59, 59)), RoundState.OPEN),
        (("2024-01-01", time(0)), RoundState.PROCESSING),
        (("2024-01-01", time(23, 59, 59)), RoundState.PROCESSING),
        (("2024-01-02", time(0)), RoundState.LOCKED),
    ],
)
def test_deadlines_count_to_the_second(moment: tuple[str, time], state: str):
    city = small_city()
    day, at = moment
    move_year_clock(city.year, to=local_moment(date.fromisoformat(day), at), actor=None)
    assert city.round("ALM1").state == state


def test_passing_a_deadline_locks_forms_and_tells_the_office():
    city = small_city()
    draft = city.application("a2").form
    ApplicationForm.objects.filter(pk=draft.pk).update(state=FormState.DRAFT)
    move_year_clock(city.year, to=local_moment(date(2024, 1, 3)), actor=None)
    draft.refresh_from_db()
    assert draft.state == FormState.EXPIRED
    assert ApplicationForm.objects.filter(state=FormState.LOCKED).count() == 5
    assert Case.objects.get().kind == CaseKind.NOT_FINAL


def test_clock_never_goes_back_and_the_field_says_so():
    city = played_city()
    before = clock_of(city)
    answer = manager(city).post(CLOCK, {"day": "2024-01-17", "at": "9:00"})
    assert answer.status_code == 409
    form = answer.context["form"]
    assert list(form.errors) == ["day"]
    assert "only moves forward" in form.errors["day"][0]
    assert form["day"].value() == "2024-01-17"
    assert clock_of(city) == before


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"day": "", "at": "09:00"}, "day"),
        ({"day": "morgen", "at": "09:00"}, "day"),
        ({"day": "30-2-2024", "at": "09:00"}, "day"),
        ({"day": "1-12-2023", "at": "25:00"}, "at"),
        ({"day": "1-12-2023", "at": ""}, "at"),
        ({"day": "1-1-9999", "at": "09:00"}, "day"),
        ({"day": "31-12-9999", "at": "23:59"}, "day"),
        ({"day": "1-1-1", "at": "09:00"}, "day"),
    ],
)
def test_nonsense_gets_a_sentence_beside_its_field(typed: dict[str, str], field: str):
    city = small_city()
    before = clock_of(city)
    answer = manager(city).post(CLOCK, typed)
    assert answer.status_code in (409, 422)
    assert list(answer.context["form"].errors) == [field]
    assert clock_of(city) == before


def test_days_that_count_can_be_chosen():
    city = small_city()
    shown = text(manager(city), CLOCK)
    assert "?dag=2023-12-01" in shown
    form = manager(city).get(f"{CLOCK}?dag=2023-12-31").context["form"]
    assert form["day"].value() == date(2023, 12, 31)
    assert manager(city).get(f"{CLOCK}?dag=onzin").status_code == 200


def test_clock_of_a_real_year_cannot_be_moved():
    city = small_city()
    type(city.year).objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)
    client = manager(city)
    assert "Only the clock of a rehearsal year can be moved." in text(client, CLOCK)
    assert client.post(CLOCK, {"day": "2023-12-05", "at": "09:30"}).status_code == 404
    city.year.refresh_from_db()
    with pytest.raises(ClockError):
        move_year_clock(city.year, to=local_moment(date(2030, 1, 1)), actor=None)
