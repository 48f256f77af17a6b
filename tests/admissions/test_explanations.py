"""One line per school for every child: exact against the lines of the files, in both languages, naming nobody."""

import re

import pytest
from django.utils import translation

from admissions.enums import Decision
from admissions.models import Application
from admissions.services.draws.manual_draw import decide_by_hand, finish_decisions
from admissions.services.explaining.explanations import RoundExplanation, Why, explanations_of
from admissions.services.explaining.reasons import limit_words, sentence
from admissions.services.year.year_clock import move_year_clock
from lottery.models import DrawSession
from notifications.models import Message
from schools.models import end_of_day
from tests.admissions.office import logged_in, played_city, text
from tests.admissions.test_hand_draw import Desk
from tests.factories.city import UNCAPPED, City, Form, School, brin, letter, make_city
from tests.factories.schools import region_user, school_user

pytestmark = pytest.mark.django_db


def lines(city: City, key: str, language: str = "en") -> list[tuple[int, str, str]]:
    """(rank, letter of the school, sentence) of the first round the child was in, fillers left out."""
    _explanation, whys = explanations_of(city.application(key))[0]
    return [
        (why.rank, letter(why.code), sentence(why, language))
        for why in whys
        if not letter(why.code).startswith("Z")
    ]


def limits(city: City, key: str) -> list[str]:
    _explanation, whys = explanations_of(city.application(key))[0]
    return [limit_words(why, "en") for why in whys if not letter(why.code).startswith("Z")]


@pytest.fixture
def busy() -> City:
    """School A: two places for five children, one with a sibling; B has one place left for the central draw."""
    city = make_city({"A": School(2, rules="sibling"), "B": 2, "C": UNCAPPED})
    city.apply(
        "ALM1",
        a1=Form("A", claims="sibling"),
        a2="A B C",
        a3="A B C",
        a4="A B",
        a5=Form("A B", care_request=True, care_duty=True),
        b1="B A",
    )
    city.play("ALM1", {"A": "a2 a3 a4 a5 a1", "centraal": "a4 a3"})
    return city


def test_a_first_choice_that_was_drawn(busy: City):
    assert lines(busy, "a2") == [
        (
            1,
            "A",
            "Your child has a place here. There were 2 places for 5 children. In the order of the draw your child was "
            "number 2 of 5; the last place went to number 2. Who got a place, by priority group in the order of this "
            "school: brother or sister at the school: 1 of 1; no priority: 1 of 4. The group of your child: no "
            "priority.",
        ),
        (2, "B", "Not looked at: your child has a place at a school higher on the list."),
        (3, "C", "Not looked at: your child has a place at a school higher on the list."),
    ]


def test_drawn_out_full_and_placed_lower(busy: City):
    assert [line[2] for line in lines(busy, "a3")] == [
        "There were 2 places for 5 children. In the order of the draw your child was number 3 of 5; the last place "
        "went to number 2. Who got a place, by priority group in the order of this school: brother or sister at the "
        "school: 1 of 1; no priority: 1 of 4. The group of your child: no priority.",
        "When the central draw began this school had 1 place left. In the central draw your child was number 2 of 2; "
        "the last place here went to number 1.",
        "Your child has a place here. This school has no maximum number of places. In the central draw your child "
        "was number 2 of 2.",
    ]
    assert limits(busy, "a3") == [
        "up to number 2 of 5 (no priority)",
        "up to number 1 of 2",
        "room for everybody",
    ]


def test_the_last_place_of_the_central_draw(busy: City):
    assert lines(busy, "a4")[1][2] == (
        "Your child has a place here. When the central draw began this school had 1 place left. In the central draw "
        "your child was number 1 of 2; the last place here went to number 1."
    )


def test_no_draw_needed(busy: City):
    assert lines(busy, "b1")[0][2] == (
        "Your child has a place here. There were 2 places for 1 child. So no draw was needed."
    )


def test_care_duty_has_its_own_sentence(busy: City):
    told = lines(busy, "a5")
    assert "number 5 of 5" in told[0][2]
    assert told[1][2] == (
        "Not looked at: because of the extra support your child needs it did not join the central draw. "
        "The school and the office look for a fitting place together with you."
    )


def test_dutch_is_complete(busy: City):
    assert lines(busy, "a3", "nl")[0][2] == (
        "Er waren 2 plaatsen voor 5 kinderen. In de volgorde van de loting was uw kind nummer 3 van 5; de laatste "
        "plaats ging naar nummer 2. Wie een plaats kreeg, per voorrangsgroep in de volgorde van deze school: broer of "
        "zus op de school: 1 van 1; geen voorrang: 1 van 4. De groep van uw kind: geen voorrang."
    )
    with translation.override("nl"):
        english = {row[2] for key in ("a1", "a2", "a3", "a4", "a5", "b1") for row in lines(busy, key, "en")}
        dutch = {row[2] for key in ("a1", "a2", "a3", "a4", "a5", "b1") for row in lines(busy, key, "nl")}
    assert not english & dutch
    assert not [told for told in dutch if re.search(r"\b(child|place|school had|draw)\b", told)]


def test_priority_group_that_came_too_late():
    city = make_city({"A": School(1, rules="sibling preschool"), "B": 1})
    city.apply("ALM1", a1=Form("A", claims="sibling"), a2=Form("A", claims="preschool"), a3="A B")
    city.play("ALM1", {"A": "a3 a2 a1", "centraal": "a2 a3"})
    assert lines(city, "a3")[0][2].startswith(
        "There was 1 place for 3 children. All places went to children in a priority group that comes before the "
        "group of your child. In the order of the draw your child was number 3 of 3; the last place went to number 1."
    )


def test_full_before_the_central_draw():
    city = make_city({"A": 1, "B": 1, "C": 0})
    city.apply("ALM1", a1="A", a2="A B C", b1="B")
    city.play("ALM1", {"A": "a1 a2"})
    told = lines(city, "a2")
    assert told[1][2] == (
        "When the central draw began this school was full: its 1 place had gone to a child with this school as first "
        "choice."
    )
    assert told[2][2] == "When the central draw began this school had no places to give."


def test_vovp_gives_no_number_of_places():
    """DH-135: places and held seats would show a school how many of its children want to leave."""
    city = make_city({"A": School((1, 0, 0, 0)), "B": School((1, 0, 0, 0)), "C": School((1, 0, 0, 0))})
    city.apply("ALM1", a1="A", a2="A B", a3="A C", a4="A B C")
    city.play("ALM1", {"A": "a1 a2 a3 a4", "centraal": "a2 a3 a4"})
    city.play_until("VOVP1")
    city.withdraw("a1", on="2024-02-20")
    city.play("VOVP1", {"centraal": "a2 a4 a3"})
    told = {
        key: [sentence(why, "en") for why in explanations_of(city.application(key))[-1][1]]
        for key in ("a2", "a3", "a4")
    }
    assert told["a2"] == [
        "Your child has a place here. In the central draw your child was number 1 of 3; the last place here went to "
        "number 1.",
        "Your child left this place for a school higher on the list.",
    ]
    assert told["a3"] == [
        "In the central draw your child was number 3 of 3; the last place here went to number 1.",
        "Your child keeps its place here.",
    ]
    assert "number 2 of 3" in told["a4"][0]
    assert not [line for lines in told.values() for line in lines if re.search(r"\d+ places?\b", line)]


# Drawn by hand


@pytest.fixture
def by_hand() -> City:
    city = make_city({"A": School(1, draw_mode="manual"), "B": 1, "C": School(3, draw_mode="manual")})
    city.apply(
        "ALM1",
        a1="A B",
        a2="A B",
        a3=Form("A B", care_request=True, care_duty=True),
        c1="C B",
    )
    round_ = city.round("ALM1")
    move_year_clock(city.year, to=end_of_day(round_.processing_until), actor=None)
    city.year.refresh_from_db()
    for school, won, lost in (("A", ["a1"], ["a2", "a3"]), ("C", ["c1"], [])):
        seat = city.school_round(school, "ALM1")
        for keys, admitted in ((won, True), (lost, False)):
            if keys:
                ids = [city.application(key).pk for key in keys]
                decide_by_hand(seat.pk, ids, admitted=admitted, reason="drawn", actor=None)
        finish_decisions(seat.pk, actor=None)
    city.play("ALM1")
    return city


def test_a_school_that_drew_by_hand(by_hand: City):
    rule = "The school itself decided by its priority rules and by lot."
    assert lines(by_hand, "a1") == [
        (1, "A", f"Your child has a place here. There was 1 place for 3 children. {rule}"),
        (2, "B", "Not looked at: your child has a place at a school higher on the list."),
    ]
    assert lines(by_hand, "a2") == [
        (1, "A", f"There was 1 place for 3 children. {rule} Your child got no place."),
        (
            2,
            "B",
            "Your child has a place here. When the central draw began this school had 1 place left. In the central "
            "draw your child was number 1 of 1; the last place here went to number 1.",
        ),
    ]
    assert lines(by_hand, "c1")[0] == (
        1,
        "C",
        "Your child has a place here. There were 3 places for 1 child. So no draw was needed.",
    )


def test_drawn_out_by_hand_with_care_duty(by_hand: City):
    assert by_hand.application("a3").decision == Decision.CARE_FOLLOW_UP
    told = lines(by_hand, "a3")
    assert told[0][2].endswith("Your child got no place.")
    assert "extra support" in told[1][2]


def test_a_draw_by_hand_in_a_session_of_its_own():
    """AE-02: four children come in by their groups, then the school draws two cards for its last place."""
    desk = Desk()
    desk.play()
    before = "Before its draw the school had given 4 places by its priority rules."
    assert lines(desk.city, "F")[0][2] == (
        f"{before} Your child has a place here. There was 1 place for 2 children. In the order of the draw your child "
        "was number 1 of 2; the last place went to number 1. The lots were drawn by hand; the lot of your child came "
        "up as number 1."
    )
    drawn_out = lines(desk.city, "E")
    assert drawn_out[0][2] == (
        f"{before} There was 1 place for 2 children. In the order of the draw your child was number 2 of 2; the last "
        "place went to number 1. The lots were drawn by hand; the lot of your child came up as number 2."
    )
    assert "In the central draw your child was number" in drawn_out[1][2]
    rule = "The school itself decided by its priority rules and by lot."
    assert lines(desk.city, "A")[0][2] == (
        f"Your child has a place here. There were 5 places for 8 children. {rule}"
    )
    assert (
        lines(desk.city, "G")[0][2] == f"There were 5 places for 8 children. {rule} Your child got no place."
    )


# Every figure against the files


def recounted(session: DrawSession) -> dict[tuple[str, str], dict[str, int | None]]:
    """Own rank, total, last rank and places per number and school, from the text of the files and nothing else."""
    places: dict[str, int | None] = {}
    lists: dict[str, list[str]] = {}
    for line in bytes(session.dossiers).decode().splitlines():
        word, *cells = line.split("|")
        if word == "school":
            places[cells[0]] = None if cells[1] == "onbeperkt" else int(cells[1])
        elif word == "kind":
            lists[cells[0]] = [choice.split(":")[0] for choice in cells[3].split(",")]
    rows: dict[str, list[list[str]]] = {}
    limit: dict[tuple[str, str], str] = {}
    for line in bytes(session.outcome or b"").decode().splitlines():
        word, *cells = line.split("|")
        if word == "uitkomst":
            rows.setdefault(cells[0], []).append(cells)
        elif word == "grens":
            limit[cells[0], cells[1]] = cells[3]
    gone: dict[str, int] = {}
    for draw, drawn in rows.items():
        if draw != "centraal":
            for cells in drawn:
                if cells[6] != "-":
                    gone[cells[6]] = gone.get(cells[6], 0) + 1
    found = {}
    for number, wishes in lists.items():
        for code in wishes:
            for draw in (f"school/{code}", "centraal"):
                own = next((row for row in rows.get(draw, []) if row[2] == number), None)
                if own is None or (draw != "centraal" and code != wishes[0]):
                    continue
                room = places[code]
                if draw == "centraal" and room is not None:
                    room -= gone.get(code, 0)
                last = next((int(row[1]) for row in rows[draw] if row[5] == limit[draw, code]), None)
                key = (number, code) if (number, code) not in found else None
                if key:
                    found[key] = {
                        "rank": int(own[1]),
                        "total": len(rows[draw]),
                        "last": last,
                        "places": room,
                    }
    return found


def test_every_figure_of_every_sentence_is_that_of_the_files(tmp_path):
    """A year of its own making: 350 children, every number in every line found again in the files."""
    import subprocess
    import sys

    from django.core.management import call_command

    from tests.acceptance.test_unseen_year import CALENDAR, HERE

    make = [sys.executable, str(HERE / "city" / "make_city.py"), "--seed", "77", "--children", "1400"]
    subprocess.run([*make, "--supply", "0.9", "--out", str(tmp_path / "year")], check=True)
    (tmp_path / "year" / "calendar.json").write_bytes(CALENDAR.read_bytes())
    call_command("import_year", tmp_path / "year")
    call_command("run_round", "ALM1", "--dice", "123456" * 10)
    session = DrawSession.objects.get()
    found = recounted(session)
    numbers = dict(session.numbers.values_list("registration_number", "number"))
    applications = Application.objects.filter(registration_number__in=numbers)
    told = RoundExplanation(session.round).of_children(applications)
    assert len(told) == len(numbers) > 300
    kinds = set()
    for registration, whys in told.items():
        for why in whys:
            kinds.add(why.reason.kind)
            if why.reason.draw is None:
                continue
            expected = found[numbers[registration], why.code]
            for language in ("nl", "en"):
                said = figures(sentence(why, language))
                assert said.get("rank", expected["rank"]) == expected["rank"], (why, said)
                assert said.get("total", expected["total"]) == expected["total"]
                assert said.get("last", expected["last"]) == expected["last"]
                if why.reason.kind != "closed":
                    assert said.get("places", expected["places"]) == expected["places"]
            check_groups(session, why)
    assert {"placed", "drawn_out_in_school_draw", "school_full_before_you", "not_reached"} <= kinds


def figures(told: str) -> dict[str, int]:
    """The numbers of a sentence, by what it says of them."""
    patterns = {
        "rank": r"(?:was number|was uw kind nummer) (\d+)",
        "total": r"(?:was number|was uw kind nummer) \d+ (?:of|van) (\d+)",
        "last": r"(?:went to number|ging naar nummer) (\d+)",
        "places": r"(?:There (?:was|were)|Er (?:was|waren)|school had|had deze school nog) (\d+)",
    }
    found = {name: re.search(pattern, told) for name, pattern in patterns.items()}
    return {name: int(match.group(1)) for name, match in found.items() if match}


def check_groups(session: DrawSession, why: Why) -> None:
    """How many of each group there were, and how many of them have a school behind their name."""
    said = re.findall(r": (\d+) of (\d+)", sentence(why, "en"))
    if not said:
        return
    rows = [
        line.split("|")[1:]
        for line in bytes(session.outcome or b"").decode().splitlines()
        if line.startswith(f"uitkomst|school/{why.code}|")
    ]
    classes = sorted({row[4] for row in rows})
    assert said == [
        (
            str(sum(row[4] == klasse and row[6] != "-" for row in rows)),
            str(sum(row[4] == klasse for row in rows)),
        )
        for klasse in classes
    ]


# Where they are shown


def test_letters_carry_both_languages_for_who_reads_english(busy: City):
    rows = {row.registration_number: row for row in Message.objects.filter(kind__in=["M04", "M05", "M06"])}
    merge = rows[busy.application("a3").registration_number].merge
    first = merge["preferences"][0]
    assert first["reason"].startswith("Er waren 2 plaatsen voor 5 kinderen.")
    assert (first["reasons"], first["limit"]) == ({}, "tot en met nummer 2 van 5 (geen voorrang)")


def test_the_second_page_gets_english_reasons():
    city = make_city({"A": 1})
    city.apply("ALM1", a1=Form("A", cells={"language": "en"}), a2="A")
    city.play("ALM1", {"A": "a1 a2"})
    message = Message.objects.get(kind="M04", registration_number=city.application("a1").registration_number)
    line = message.merge["preferences"][0]
    assert line["reason"].startswith("Uw kind heeft hier een plaats.")
    assert line["reasons"]["en"].startswith("Your child has a place here.")
    assert [draw["label_en"] for draw in message.merge["draws"]] == ["School draw"]


def school_page(city: City, school: str, key: str, role=None) -> str:
    place = city.school_round(school, "ALM1").programme.school
    user = school_user(place) if role is None else school_user(place, role)
    return text(logged_in(user), f"/school/{brin(school)}/kind/{city.application(key).registration_number}/")


def test_the_school_sees_the_line_about_itself_only(busy: City):
    """Q-16: the first choice does not see where a drawn-out child went, nor the other school its list."""
    drawn_out = school_page(busy, "A", "a3")
    assert "number 3 of 5" in drawn_out
    assert "central draw your child was" not in drawn_out
    assert "Your child has a place here" not in drawn_out
    placed = school_page(busy, "B", "a4")
    assert "In the central draw your child was number 1 of 2" in placed
    assert "There were 2 places for 5 children" not in placed


def test_the_school_reads_nothing_before_all_families_know():
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a1="A B", a2="A B")
    city.play_to("ALM1", "matched")
    assert "In the order of the draw" not in school_page(city, "A", "a1") + school_page(city, "A", "a2")


def test_the_office_reads_every_line_and_care_only_if_named(busy: City):
    url = f"/programma/kinderen/{busy.application('a5').registration_number}/"
    manager = text(logged_in(region_user(busy.year.region)), url)
    assert "because of the extra support" in manager
    from schools.enums import Role

    office = text(logged_in(region_user(busy.year.region, Role.CENTRAL_OFFICE)), url)
    assert "because of the extra support" not in office
    assert "Not looked at in this round." in office


def test_no_line_names_another_child():
    city = played_city()
    names = set(Application.objects.values_list("child__given_name", flat=True))
    numbers = set(Application.objects.values_list("registration_number", flat=True))
    for key in ("a1", "a2", "a3", "b1", "b2", "c1"):
        for _rank, _school, told in [*lines(city, key, "nl"), *lines(city, key, "en")]:
            assert not [word for word in names | numbers if word in told]
