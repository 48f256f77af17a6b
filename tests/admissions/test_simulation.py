"""The what-if simulator on a real round: right lists, right classes, nothing written but its own rows."""

from io import BytesIO

import pytest
from django.apps import apps
from django.urls import reverse
from django.utils import translation
from pypdf import PdfReader

from admissions.models import Simulation
from admissions.services.what_if.memo import simulation_memo
from admissions.services.what_if.playing import cancel_simulation, play_simulation, request_simulation
from admissions.services.what_if.population import Changes, SimulationRefused, population_of, snapshot_of
from lottery.simulation.mechanisms import Mechanism
from schools.enums import JobState, PriorityKind, Role
from schools.models import Job
from schools.services.jobs import take_job
from tests.factories.ceremony import logged_in
from tests.factories.city import Form, School, brin, make_city
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db
OWN = {"admissions.Simulation", "schools.Job", "django_celery_results.TaskResult", "sessions.Session"}
EMPTY = {
    "title": "Wat als",
    "round": "ALM1",
    "mechanism": Mechanism.TWO_STEPS,
    "rule_order": "as_set",
    "ceiling_percent": "100",
    "ceilings": "",
    "shortest": "0",
    "longest": "0",
    "seeds": "20",
}


@pytest.fixture(autouse=True)
def _in_english(settings):
    """Sentences are asked for in the language of the code."""
    settings.LANGUAGE_CODE = "en"
    with translation.override("en"):
        yield


@pytest.fixture
def city():
    city = make_city(
        {
            "A": School(1, rules="neighbourhood sibling"),
            "B": School(1, rules="neighbourhood"),
            "C": School(None),
        }
    )
    city.apply(
        "ALM1",
        a1=Form("A B", claims="sibling"),
        a2=Form("A B C", postcode="2511AA"),
        a3="A C B",
        b1=Form("B A", postcode="2511AB"),
    )
    return city


def plain(value: object) -> object:
    """PostgreSQL gives bytes in a wrapper that shows where it lies in memory."""
    return bytes(value) if isinstance(value, memoryview) else value


def everything_else() -> dict[str, list[str]]:
    """Every row of every other table."""
    return {
        model._meta.label: sorted(str([plain(value) for value in row]) for row in model.objects.values_list())
        for model in apps.get_models()
        if model._meta.label not in OWN
    }


def asked(city, **changes) -> Simulation:
    return request_simulation(
        city.round("ALM1"), title="Wat als", changes=Changes(**changes), seeds=10, actor=None
    )


def by_first_lists(city, **changes):
    population = population_of(snapshot_of(city.round("ALM1")), Changes(**changes))
    return population, sorted((c.choices[:3], c.tiers[:3], c.group) for c in population.candidates)


@pytest.mark.parametrize("is_played", [False, True])
def test_population_has_lists_and_classes_before_and_after_the_draw(city, is_played):
    if is_played:
        city.play("ALM1")
    a, b, c = brin("A"), brin("B"), brin("C")
    population, lists = by_first_lists(city)
    assert population.places[a] == 1
    assert population.places[c] is None
    shown = {(choices[:2], tiers[:2], group) for choices, tiers, group in lists}
    assert ((a, b), (2, 2), "sibling") in shown  # a claim counts at the first choice, outside the area
    assert ((a, b), (1, 1), "neighbourhood") in shown
    assert ((a, c), (3, 1), "") in shown
    assert ((b, a), (1, 1), "neighbourhood") in shown


def test_changes_change_what_they_say(city):
    a, b = brin("A"), brin("B")
    population, _lists = by_first_lists(city, ceilings={a: 7}, ceiling_percent=200)
    assert (population.places[a], population.places[b]) == (7, 2)
    _population, lists = by_first_lists(city, rule_order="sibling")
    assert any(group == "sibling" and tiers[0] == 1 for _choices, tiers, group in lists)
    _population, lists = by_first_lists(city, rule_order="none")
    assert all(tiers == (1,) * len(tiers) and group == "" for _choices, tiers, group in lists)
    population, _lists = by_first_lists(city, longest=1)
    assert {len(candidate.choices) for candidate in population.candidates} == {1}
    population, _lists = by_first_lists(city, shortest=6)
    assert min(len(candidate.choices) for candidate in population.candidates) == 6


def test_playing_writes_nothing_but_its_own_rows(city):
    city.play("ALM1")
    before = everything_else()
    simulation = asked(city, mechanism=Mechanism.IMMEDIATE_ACCEPTANCE, longest=2)
    play_simulation(take_job(simulation.job.pk))
    simulation.refresh_from_db()
    assert simulation.outcome["now"]["seeds"] == simulation.outcome["then"]["seeds"] == 10
    assert simulation.outcome["now"]["first"]["most"] <= 3
    assert everything_else() == before
    outcome = simulation.outcome
    Job.objects.filter(pk=simulation.job_id).update(state=JobState.REQUESTED)
    play_simulation(take_job(simulation.job_id))  # delivered twice
    simulation.refresh_from_db()
    assert simulation.outcome == outcome


def test_more_places_place_more_children(city):
    simulation = asked(city, ceiling_percent=300)
    play_simulation(take_job(simulation.job.pk))
    simulation.refresh_from_db()
    now, then = simulation.outcome["now"], simulation.outcome["then"]
    assert then["first"]["mean"] == 4
    assert now["first"]["mean"] < 4


def test_stopping_keeps_nothing(city):
    simulation = asked(city)
    cancel_simulation(simulation)
    play_simulation(take_job(simulation.job.pk))
    simulation.refresh_from_db()
    assert simulation.outcome == {}
    assert simulation.job.state == JobState.DONE


def test_what_cannot_be_simulated_is_said(city):
    with pytest.raises(SimulationRefused, match="cannot be simulated"):
        request_simulation(city.round("VOVP1"), title="x", changes=Changes(), seeds=5, actor=None)
    with pytest.raises(SimulationRefused, match="no children"):
        request_simulation(city.round("ALM2"), title="x", changes=Changes(), seeds=5, actor=None)
    with pytest.raises(SimulationRefused, match="no school with a ceiling"):
        asked(city, ceilings={brin("C"): 4})
    with pytest.raises(SimulationRefused, match="1 to"):
        request_simulation(city.round("ALM1"), title="x", changes=Changes(), seeds=1001, actor=None)
    assert not Simulation.objects.exists()


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("title", "", "Type your question"),
        ("ceilings", "A twenty", "Line 1: type a school code"),
        ("ceilings", f"{brin('A')} 5\n{brin('A')} 6", "is there twice"),
        ("ceilings", f"{brin('A')} 5000", "more than a school has"),
        (
            "ceilings",
            f"{brin('A')} 5\n99ZZ 6",
            "Line 2: 99ZZ is no school with a ceiling in Application period 1",
        ),
        ("ceilings", f"{brin('C')} 6", "is no school with a ceiling"),  # it has none
        ("seeds", "1001", "Type a whole number from 1 to 1000."),
        ("seeds", "-1", "Type a whole number from 1 to 1000."),
        ("seeds", "veel", "Type a whole number from 1 to 1000."),
        ("ceiling_percent", "900", "Type a whole number from 0 to 300."),
        ("ceiling_percent", "", "Type a whole number from 0 to 300."),
        ("longest", "99", "Type a whole number from 0 to 20."),
        ("shortest", "1.5", "Type a whole number from 0 to 20."),
        ("round", "VOVP1", "Choose an application period of this year."),
        ("mechanism", "dice", "Choose how places are given out."),
        ("rule_order", "staf", "Choose which priority counts."),
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(city, field, value, sentence):
    client = logged_in(region_user(city.year.region))
    answer = client.post(reverse("admissions:simulation-list"), EMPTY | {"title": "Mijn vraag", field: value})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert field == "title" or "Mijn vraag" in page
    assert not Simulation.objects.exists()


def test_priority_that_cannot_count_is_no_question(city):
    """An order of rules beside a mechanism in which only the lot counts would change nothing, and seem to."""
    client = logged_in(region_user(city.year.region))
    asked_for = EMPTY | {"mechanism": Mechanism.ONE_MATCHING_LOT_ONLY, "rule_order": PriorityKind.SIBLING}
    answer = client.post(reverse("admissions:simulation-list"), asked_for)
    assert answer.status_code == 422
    assert "Where only the lot counts nobody goes first." in answer.content.decode()
    assert not Simulation.objects.exists()


def test_the_office_asks_reads_and_takes_the_memo_along(city, django_capture_on_commit_callbacks):
    client = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    answer = client.post(reverse("admissions:simulation-list"), EMPTY | {"longest": "2"})
    simulation = Simulation.objects.get()
    assert answer.url == reverse("admissions:simulation", args=[simulation.pk])
    assert "This is a simulation" in client.get(answer.url).content.decode()
    memo = reverse("admissions:simulation-memo", args=[simulation.pk])
    assert client.get(memo).status_code == 302  # not ready
    play_simulation(take_job(simulation.job_id))
    page = client.get(answer.url).content.decode()
    assert "Lists are cut after 2 schools" in page
    assert "What came out" in page
    pdf = client.get(memo)
    assert pdf["Content-Type"] == "application/pdf"
    assert pdf.content == client.get(memo).content
    assert len(PdfReader(BytesIO(pdf.content)).pages) == 1


def test_memo_stays_one_page_with_the_longest_question_and_many_changes(city):
    """Issue 6: a one-page memo. What does not fit is counted, and stands on the page of the simulation."""
    simulation = asked(city)
    play_simulation(take_job(simulation.job.pk))
    part = {"children": 40, "first": 80.0, "unplaced": 1.5}
    outcome = Simulation.objects.get().outcome
    for side in ("now", "then"):  # every class there is, and lists of twelve schools
        outcome[side]["groups"] = dict.fromkeys(("", *PriorityKind.values), part)
        outcome[side]["by_rank"] = [[rank, 10.0] for rank in range(1, 13)]
    ceilings = {f"0{n}AB": n for n in range(30)}
    Simulation.objects.update(
        outcome=outcome, title="Wat als " * 15, changes=Changes(ceilings=ceilings).stored()
    )
    reader = PdfReader(BytesIO(simulation_memo(Simulation.objects.get())))
    assert len(reader.pages) == 1
    text = " ".join(reader.pages[0].extract_text().split())
    assert "And 24 changes more" in text and "How to read this" in text and "S I M U L A T I O N" in text


def test_others_find_nothing(city):
    simulation = asked(city)
    addresses = [
        reverse("admissions:simulation-list"),
        reverse("admissions:simulation", args=[simulation.pk]),
        reverse("admissions:simulation-memo", args=[simulation.pk]),
    ]
    school = city.school_round("A", "ALM1").programme.school
    strangers = [
        school_user(school),
        school_user(school, Role.SCHOOL_DIRECTOR),
        region_user(city.year.region, Role.NOTARY),
    ]
    for user in strangers:
        client = logged_in(user)
        assert [client.get(address).status_code for address in addresses] == [404] * 3
        assert client.post(reverse("admissions:simulation-cancel", args=[simulation.pk])).status_code == 404
        assert client.post(addresses[0], EMPTY).status_code == 404
    elsewhere = make_city({"X": 1}, slug="elders")
    client = logged_in(region_user(elsewhere.year.region))
    assert [client.get(address).status_code for address in addresses] == [200, 404, 404]
    assert simulation.title not in client.get(addresses[0]).content.decode()
    assert client.post(reverse("admissions:simulation-cancel", args=[simulation.pk])).status_code == 404
    simulation.refresh_from_db()
    assert not simulation.is_cancelled
    assert Simulation.objects.count() == 1
