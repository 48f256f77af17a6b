"""The worked examples of den-haag.md section 7: who may apply when, and who hears when (AE-11, AE-18, AE-21).

Dates are those of the demo calendar, unless the example gives others.
"""

import io
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from pypdf import PdfReader

from admissions.models import Application, Placement
from admissions.selectors.school import SchoolView, own_applications, placements_here
from admissions.services.letters.offers import TooEarly, send_offers
from notifications.enums import MessageState
from notifications.models import Message, ReadyMark
from notifications.services.letters import make_letters
from notifications.services.mail_content import render_mail
from schools.enums import RoundState
from schools.models import AMSTERDAM
from schools.models import School as SchoolRow
from tests.admissions.office import logged_in
from tests.factories.city import CENTRAL, Form, School, brin, make_city
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db


# --- AE-11: who may apply when --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("born", "round_code", "received_on", "refused_column"),
    [
        ("2020-09-30", "ALM1", "2023-12-15", "date_of_birth"),  # other BirthGroup
        ("2020-10-01", "ALM1", "2023-12-15", None),
        ("2020-10-01", "ALM4", "2024-09-10", None),  # a later cohort round: a note only
        ("2021-02-10", "ALM1", "2023-12-15", "received_on"),  # not yet three
        ("2021-09-15", "ALM4", "2024-09-13", "received_on"),  # not yet three
        ("2021-09-15", "ALM4", "2024-09-16", None),
        ("2021-09-30", "ALM4", "2024-09-30", None),  # the only possible day
        ("2021-10-01", "ALM4", "2024-09-30", "date_of_birth"),  # next BirthGroup
    ],
)
def test_who_may_apply_when(born: str, round_code: str, received_on: str, refused_column: str | None):
    """AE-11, DH-030 to DH-033"""
    city = make_city({"A": 1})
    report = city.imported(round_code, a=Form("A", born=born, received_on=received_on))
    columns = [row.error.partition(":")[0] for row in report.refused]
    assert columns == ([refused_column] if refused_column else [])
    assert Application.objects.count() == (0 if refused_column else 1)


# --- AE-18 to AE-21: dates ------------------------------------------------------------------------------------------

SENDING_DAYS = {
    "ALM2": {"school_draws_on": "2024-04-10", "central_matching_on": "2024-04-10", "offers_on": "2024-04-22"},
    "ALM3": {"school_draws_on": "2024-07-04", "central_matching_on": "2024-07-04", "offers_on": "2024-07-08"},
}


def at_school_a() -> Client:
    client = logged_in(school_user(SchoolRow.objects.get(brin=brin("A"))))
    client.cookies["django_language"] = "nl"
    return client


def printed(client: Client, message: Message) -> str:
    """The letter as the office downloads it, page after page."""
    pdf = client.get(f"/programma/verzending/{message.pk}/brief.pdf")
    assert pdf.headers["Content-Type"] == "application/pdf"
    return " ".join(
        " ".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf.content)).pages).split()
    )


def test_letters_of_another_period_cannot_be_sent_before_one_click_nor_on_the_day_before():
    """AE-18 on the pages of a school: eight weeks chosen in a period of four."""
    city = make_city({"A": 1}, calendar=SENDING_DAYS)
    city.apply("ALM2", a2="A")
    city.play_until("ALM2")
    city.play_to("ALM2", RoundState.MATCHED)
    city.move_clock("2024-04-21T10:00")
    client, pages = at_school_a(), f"/school/{brin('A')}/"
    client.post(f"{pages}sjablonen/kiezen/", {"FIRST": "ALM3_FIRST", "LOWER": "ALM3_LOWER"})

    def ready() -> str:
        return str(client.post(f"{pages}brieven/ALM2/klaar/", follow=True).content.decode())

    assert "past niet bij ALM2" in ready() and not ReadyMark.objects.exists()
    assert 'name="mend"' in client.get(f"{pages}sjablonen/").content.decode()
    client.post(f"{pages}sjablonen/kiezen/", {"mend": "1"})
    assert 'name="mend"' not in client.get(f"{pages}sjablonen/").content.decode()
    assert "Uw brieven staan klaar" in ready() and ReadyMark.objects.count() == 1

    letter = Message.objects.get(kind="M04")
    example = client.get(f"{pages}sjablonen/ALM124_FIRST/voorbeeld/?kind={letter.pk}")  # of this very child
    assert "20 mei 2024" in PdfReader(io.BytesIO(example.content)).pages[0].extract_text()
    sent = client.post(f"{pages}brieven/ALM2/versturen/", follow=True).content.decode()
    letter.refresh_from_db()
    assert "alle scholen gaan samen weg" in sent and letter.state == MessageState.HELD


@pytest.mark.parametrize(
    ("round_code", "sent", "reply_by", "weeks", "days"),
    [
        ("ALM2", "2024-04-22", "2024-05-20", "vier weken", ("22 april 2024", "20 mei 2024")),
        ("VOVP1", "2024-05-30", "2024-06-27", "", ("30 mei 2024", "27 juni 2024")),
        ("ALM3", "2024-07-08", "2024-09-02", "acht weken", ("8 juli 2024", "2 september 2024")),
        ("VOVP2", "2024-11-14", "2024-12-12", "", ("14 november 2024", "12 december 2024")),
    ],
)
def test_families_have_full_weeks_to_answer_from_the_sending_day(
    round_code: str, sent: str, reply_by: str, weeks: str, days: tuple[str, str]
):
    """AE-18, DH-120, DH-144: eight weeks in ALM3, four otherwise; first and lower choice alike, on paper and screen."""
    city = make_city({"A": 2, "X": 0}, calendar=SENDING_DAYS)
    city.apply("ALM2", a2="A", b2="X A", x2="X")
    city.apply("ALM3", a3="A", b3="X A")
    city.apply("ALM4", x4="X")
    city.play_until(round_code)
    if round_code.startswith("VOVP"):
        unplaced = "x2" if round_code == "VOVP1" else "x4"
        city.play(round_code, opt_ins={unplaced: "A"})
    else:
        city.play(round_code)
    dates = Placement.objects.filter(school_round__round__code=round_code).values_list(
        "offered_on", "respond_by"
    )
    assert len(dates) >= 1
    assert set(dates) == {(date.fromisoformat(sent), date.fromisoformat(reply_by))}
    letters = Message.objects.filter(round=city.round(round_code), kind__in=["M04", "M05", "M11"])
    assert {message.merge["respond_by"] for message in letters} == {reply_by}
    if round_code.startswith("ALM"):  # one letter of each family: first choice and lower choice
        assert sorted(letters.values_list("kind", flat=True)) == ["M04", "M05"]

    make_letters(message_ids=[letter.pk for letter in letters])
    office = logged_in(region_user(city.year.region))
    for letter in letters:
        told = printed(office, letter)
        assert f"Datum {days[0]}" in told and f"Uw antwoord uiterlijk {days[1]}" in told and weeks in told
        assert days[1] in render_mail(letter).text
    page = at_school_a().get(f"/school/{brin('A')}/kind/{letters[0].registration_number}/bereiken/")
    assert days[1] in page.content.decode()


def test_nothing_is_sent_on_the_day_before_the_sending_day():
    """AE-18, DH-111"""
    city = make_city({"A": 1})
    city.apply("ALM1", a="A")
    city.play_to("ALM1", RoundState.MATCHED)
    city.move_clock("2024-01-17")
    with pytest.raises(TooEarly):
        send_offers(city.round("ALM1"), actor=None)
    assert city.placements() == [("a", "A", "ALM1", "reserved")]
    assert set(Message.objects.values_list("state", flat=True)) == {MessageState.HELD}

    city.move_clock("2024-01-18")
    assert send_offers(city.round("ALM1"), actor=None).offers == 1


@pytest.mark.parametrize(
    ("moment", "school_sees", "parents_see"),
    [
        ("2024-05-28T20:00", False, False),
        ("2024-05-29T11:59", False, False),
        ("2024-05-29T12:00", True, False),
        ("2024-05-30T00:00", True, True),
    ],
)
def test_schools_see_a_vovp_a_day_before_the_parents(moment: str, school_sees: bool, parents_see: bool):
    """AE-21, DH-141, DH-142: B lost I to A; both see it from 12:00 on, the family from the next day on."""
    city = make_city(
        {"A": School((1, 0, 0, 0)), "B": School((1, 0, 0, 0))},
        calendar={"VOVP1": {"visible_to_schools_at": "2024-05-29T12:00"}},
    )
    city.apply("ALM1", x="A", I="A B")
    city.play("ALM1", {"A": "x I"})
    city.enrol("I", on="2024-01-25")
    city.withdraw("x", on="2024-02-12")
    city.play("ALM2")
    city.play_to("VOVP1", RoundState.VISIBLE_TO_SCHOOLS)

    at = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo("Europe/Amsterdam"))

    def states(school: str) -> list[str]:
        view = SchoolView(
            school=SchoolRow.objects.get(brin=brin(school)),
            year=city.year,
            now=at,
            rounds=tuple(city.year.rounds.all()),
        )
        keys = placements_here(view).order_by("pk")
        return [
            f"{key} {state}"
            for key, state in keys.values_list("application__form__form_reference", "shown_state")
        ]

    assert states("A") == ["x withdrawn", *(["I reserved"] if school_sees else [])]
    assert states("B") == ["I superseded" if school_sees else "I enrolled"]
    told = Message.objects.filter(round=city.round("VOVP1"), kind="M11", not_before__lte=at)
    assert told.exists() == parents_see


def test_school_sees_nothing_of_an_opt_in():
    """AE-21, DH-135"""
    city = make_city({"A": School((1, 0, 0, 0)), "B": School((1, 0, 0, 0))})
    city.apply("ALM1", x="A", I="A B", U="A B")
    city.play("ALM1", {"A": "x I U", CENTRAL: "I U"})
    city.play("ALM2")

    def seen() -> list[object]:
        view = SchoolView(
            school=SchoolRow.objects.get(brin=brin("A")),
            year=city.year,
            now=datetime(2024, 5, 24, 12, tzinfo=AMSTERDAM),
            rounds=tuple(city.year.rounds.all()),
        )
        own = (
            own_applications(view)
            .order_by("pk")
            .values_list("form__form_reference", "outcome", "list_length")
        )
        return [*own, *placements_here(view).values_list("shown_state", flat=True)]

    before = seen()
    city.freeze("VOVP1", opt_ins={"I": "", "U": ""})
    assert seen() == before
