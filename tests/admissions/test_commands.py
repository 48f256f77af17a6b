"""The commands of data-formats.md section 2: exit codes, sentences, files; a refused command changes nothing."""

import csv
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import override_settings
from django.utils import translation

from admissions.models import Application, Placement, Preference
from admissions.services.draws.rehearsal import play_round
from lottery.enums import SessionState
from lottery.models import DrawSession
from notifications.models import Message
from schools.enums import RoundState
from schools.models import AdmissionYear
from tests.factories.city import CENTRAL, City, School, Stopped, brin, csv_bytes, everything, make_city
from tests.factories.schools import AdmissionYearFactory, RegionFactory

pytestmark = pytest.mark.django_db

DICE = "123456" * 10


def run(*arguments: object) -> tuple[int, str]:
    """Exit code, and what was said: on standard output, or the one sentence of a refusal."""
    out = io.StringIO()
    try:
        with translation.override("en"):
            call_command(*map(str, arguments), stdout=out)
    except CommandError as refusal:
        assert "\n" not in str(refusal)
        return refusal.returncode, str(refusal)
    except SystemExit as stop:
        return int(stop.code or 0), ""
    return 0, out.getvalue()


def refused(*arguments: object) -> str:
    """A command that must end with 1 and a sentence, and change nothing."""
    before = everything()
    code, said = run(*arguments)
    assert code == 1
    assert said
    assert everything() == before
    return said


@pytest.fixture
def city() -> City:
    """Six children for three places at A, one at B; the rest has none."""
    city = make_city({"A": School((3, 0, 0, 0), "sibling"), "B": School((1, 0, 0, 0))})
    city.apply("ALM1", **dict.fromkeys("abcdef", "A B"))
    return city


def rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode())))


# --- which year and round -------------------------------------------------------------------------------------------

COMMANDS = [
    ("import_applications", "forms.csv", "--round", "ALM1"),
    ("run_round", "ALM1", "--dice", DICE),
    ("record_replies", "replies.csv"),
    ("export_results", "ALM1", "results.csv"),
    ("export_bundle", "ALM1", "bundle"),
    ("export_ledger", "ledger.csv"),
]


@pytest.mark.parametrize("arguments", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_without_a_year_there_is_nothing_to_do(arguments: tuple[str, ...]):
    assert "no such admission year" in refused(*arguments)
    assert run("check_integrity") == (0, "Everything adds up.\n")


@pytest.mark.parametrize("arguments", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_with_two_years_one_must_be_named(city: City, arguments: tuple[str, ...]):
    AdmissionYearFactory(region=RegionFactory(slug="zeestad"), code="2024-2025")
    assert "--region and --year" in refused(*arguments)
    assert "no such admission year" in refused(*arguments, "--year", "2030-2031")
    assert "no such admission year" in refused(*arguments, "--region", "nergens")


def test_named_year_is_the_one_that_is_used(city: City, tmp_path: Path):
    AdmissionYearFactory(region=RegionFactory(slug="zeestad"), code="2024-2025")
    code, _said = run("export_ledger", tmp_path / "ledger.csv", "--region", "den-haag")
    assert (code, len(rows(tmp_path / "ledger.csv"))) == (0, 2)
    code, _said = run("export_ledger", tmp_path / "ledger.csv", "--year", "2024-2025")
    assert (code, rows(tmp_path / "ledger.csv")) == (0, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("run_round", "ALM9", "--dice", DICE),
        ("run_round", "alm1", "--dice", DICE),
        ("export_results", "ALM9", "results.csv"),
        ("export_bundle", "", "bundle"),
    ],
)
def test_unknown_round_is_refused_and_the_rounds_are_named(city: City, arguments: tuple[str, ...]):
    assert "ALM1, ALM2, VOVP1, ALM3, ALM4, VOVP2" in refused(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run_round",),
        ("run_round", "ALM1"),
        ("run_round", "ALM1", "--dice"),
        ("run_round", "ALM1", "--dice", DICE, "--fast"),
        ("run_round", "ALM1", "VOVP1", "--dice", DICE),
        ("import_year",),
        ("import_applications", "forms.csv"),
        ("record_replies",),
        ("export_results", "ALM1"),
        ("export_bundle", "ALM1"),
        ("export_ledger",),
        ("check_integrity", "now"),
    ],
)
def test_wrong_arguments_end_with_two(city: City, arguments: tuple[str, ...]):
    before = everything()
    assert run(*arguments)[0] == 2
    assert everything() == before


# --- run_round ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dice", "sentence"),
    [
        ("", "0 dice digits"),
        ("1" * 59, "59 dice digits"),
        ("1" * 61, "61 dice digits"),
        ("1" * 59 + "7", "Dice digit number 60"),
        ("0" + "1" * 59, "Dice digit number 1"),
        ("1" * 30 + "x" + "1" * 29, "Dice digit number 31"),
        ("1" * 59 + "１", "Dice digit number 60"),
        ("1" * 59 + "٣", "Dice digit number 60"),
    ],
)
def test_dice_are_sixty_digits_from_one_to_six(city: City, dice: str, sentence: str):
    assert sentence in refused("run_round", "ALM1", f"--dice={dice}")


def test_dice_may_be_written_in_groups(city: City):
    assert run("run_round", "ALM1", "--dice", " ".join(["12345"] * 12))[0] == 0


def test_round_says_each_step_and_what_it_came_to(city: City):
    code, said = run("run_round", "ALM1", "--dice", DICE)
    lines = said.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[:-1]] == [
        "Closing",
        "Frozen:",
        "Drawing",
        "Verifying",
        "Deciding:",
        "Sending",
    ]
    assert "6 children, 4 placed, 2 without a place, 4 offers" in lines[-1]
    session = DrawSession.objects.get()
    assert session.name.startswith("OEFEN-")
    assert session.state == SessionState.APPLIED
    assert session.notes != []  # it says that it stood in for the ceremony


def test_round_is_played_once(city: City):
    run("run_round", "ALM1", "--dice", DICE)
    assert "has been played already" in refused("run_round", "ALM1", "--dice", DICE)
    assert "has been played already" in refused("run_round", "ALM1", "--dice", "6" * 60)


@pytest.mark.parametrize("code", ["ALM2", "VOVP1", "ALM4", "VOVP2"])
def test_rounds_are_played_in_the_order_of_the_calendar(city: City, code: str):
    assert f"Round {code} comes after ALM1" in refused("run_round", code, "--dice", DICE)


def test_round_without_its_dates_does_not_open_and_names_them(city: City):
    city.year.rounds.filter(code="ALM1").update(parents_until=None, central_matching_on=None)
    assert "“Parents can apply until”, “Central draw with the notary”" in refused(
        "run_round", "ALM1", "--dice", DICE
    )


def test_round_needs_a_day_between_freeze_and_draw(city: City):
    """OA-LOT/1 section 4.3"""
    city.year.rounds.filter(code="ALM1").update(
        school_draws_on="2024-01-02", central_matching_on="2024-01-02", offers_on="2024-01-02"
    )
    assert "24 hours" in refused("run_round", "ALM1", "--dice", DICE)


def test_round_of_a_real_year_is_not_played_by_a_command():
    region = RegionFactory()
    year = AdmissionYearFactory(region=region, is_rehearsal=False, clock_at=None)
    year.rounds.create(code="ALM1", kind="ALM", position=1)
    assert "real year" in refused("run_round", "ALM1", "--dice", DICE)


def test_round_is_not_played_in_production(city: City):
    with override_settings(REHEARSAL_ALLOWED=False):
        assert "real year" in refused("run_round", "ALM1", "--dice", DICE)


def test_round_with_other_dice_than_those_that_are_locked_is_refused(city: City):
    """OA-LOT/1 section 8: after the lock the seed is determined."""
    session = city.freeze("ALM1")

    def stop(step: str) -> None:
        if DrawSession.objects.get().seed is not None:
            raise Stopped

    with pytest.raises(Stopped):
        play_round(city.round("ALM1"), digits=DICE, actor=None, progress=stop)
    assert "locked already" in refused("run_round", "ALM1", "--dice", "6" * 60)
    assert run("run_round", "ALM1", "--dice", DICE)[0] == 0
    assert DrawSession.objects.get().name == session.name


def test_round_without_a_single_child_is_played(city: City):
    run("run_round", "ALM1", "--dice", DICE)
    code, said = run("run_round", "ALM2", "--dice", DICE)
    assert code == 0
    assert "0 children" in said
    assert city.results("ALM2") == {}


def test_letters_are_rendered_when_asked(city: City):
    code, said = run("run_round", "ALM1", "--dice", DICE, "--letters")
    assert code == 0
    assert "Letters: 6 of 6" in said
    assert Message.objects.filter(letter__isnull=False).count() == 6


# --- opt-ins --------------------------------------------------------------------------------------------------------


@pytest.fixture
def vovp(city: City) -> City:
    """Ready for VOVP1: at A a seat was freed; c sits at B, d and e and f have nothing."""
    city.play("ALM1", {"A": "a b c d e f", CENTRAL: "d e f"})
    assert city.outcomes("ALM1") == {"a": "A", "b": "A", "c": "A", "d": "B", "e": "unplaced", "f": "unplaced"}
    city.withdraw("a", on="2024-02-12")
    city.play("ALM2")
    return city


def opt_in_file(path: Path, *lines: str, header: str = "form_reference,added_preferences") -> Path:
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


OPT_IN_FAULTS = [
    ("x,", "form x cannot take part"),
    ("b,", "form b cannot take part"),  # sits at its first choice
    ("a,", "form a cannot take part"),  # withdrawn
    ("e,", "form e occurs twice"),
    (f"d,{brin('Z1')}", "takes part with its own list"),  # an improver (DH-132)
    ("f,99ZZ99", "no school has the BRIN"),
    (f"f,{brin('B')}", "is on the list already"),
    (f"f,{brin('Z5')} {brin('Z5')}", "is added twice"),
    ("f", "Check commas and quotes"),
    ("f,,", "Check commas and quotes"),
]


@pytest.mark.parametrize(("line", "sentence"), OPT_IN_FAULTS)
def test_opt_in_file_with_one_wrong_row_is_refused_whole(
    vovp: City, tmp_path: Path, line: str, sentence: str
):
    """DH-131 to DH-133, Q-28"""
    path = opt_in_file(tmp_path / "opt-ins.csv", "e,", line)
    said = refused("run_round", "VOVP1", "--dice", DICE, "--opt-ins", path)
    assert sentence in said
    assert "opt-ins.csv, line 3" in said
    assert vovp.round("VOVP1").state == RoundState.PLANNED


def test_opt_in_file_without_its_columns_or_in_another_form_is_refused(vovp: City, tmp_path: Path):
    path = opt_in_file(tmp_path / "opt-ins.csv", "e", header="form_reference")
    assert "added_preferences" in refused("run_round", "VOVP1", "--dice", DICE, "--opt-ins", path)
    path = opt_in_file(tmp_path / "opt-ins.csv", "e;", header="form_reference;added_preferences")
    assert "semicolons" in refused("run_round", "VOVP1", "--dice", DICE, "--opt-ins", path)
    path.write_bytes(b"\xff\xfe\x00")
    assert "UTF-8" in refused("run_round", "VOVP1", "--dice", DICE, "--opt-ins", path)
    missing = tmp_path / "nergens.csv"
    assert "nergens.csv" in refused("run_round", "VOVP1", "--dice", DICE, "--opt-ins", missing)


def test_opt_in_file_belongs_to_a_vovp(city: City, tmp_path: Path):
    path = opt_in_file(tmp_path / "opt-ins.csv", "a,")
    assert "belongs to a VOVP" in refused("run_round", "ALM1", "--dice", DICE, "--opt-ins", path)


def test_with_a_file_exactly_those_in_it_take_part_and_lists_grow_at_the_end(vovp: City, tmp_path: Path):
    path = opt_in_file(tmp_path / "opt-ins.csv", f"e, {brin('Z5').lower()} ", "d,")
    assert run("run_round", "VOVP1", "--dice", DICE, "--opt-ins", path)[0] == 0
    assert set(vovp.results("VOVP1")) == {"d", "e"}
    assert vovp.participations("VOVP1")["f"] == ("unplaced", "not_opted_in")
    added = Preference.objects.filter(added_in__isnull=False)
    assert list(added.values_list("application__form__form_reference", "rank", "programme__code")) == [
        ("e", 6, brin("Z5"))
    ]


def test_with_an_empty_file_nobody_takes_part(vovp: City, tmp_path: Path):
    assert run("run_round", "VOVP1", "--dice", DICE, "--opt-ins", opt_in_file(tmp_path / "none.csv"))[0] == 0
    assert vovp.results("VOVP1") == {}
    assert vovp.open_places("ALM3") == {"A": 1, "B": 0}


def test_without_a_file_everybody_eligible_takes_part(vovp: City):
    assert run("run_round", "VOVP1", "--dice", DICE)[0] == 0
    assert set(vovp.results("VOVP1")) == {"d", "e", "f"}


# --- replies --------------------------------------------------------------------------------------------------------


def replies(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["form_reference,reply,on,reason", *lines]) + "\n")
    return path


REPLY_FAULTS = [
    ("x,enrol,,", "no application with form reference"),
    ("a,perhaps,,", "must be enrol or withdraw"),
    ("a,,,", "must be enrol or withdraw"),
    ("e,enrol,,", "only a child with an offer"),
    ("a,enrol,2024-01-17,", "cannot be earlier than"),
    ("a,withdraw,2024-01-17,moved_outside", "cannot be earlier than"),
    ("e,withdraw,2024-01-17,moved_outside", "cannot be earlier than"),
    ("a,enrol,18-01-2024,", "is not a date"),
    ("a,enrol,2024-02-30,", "is not a date"),
    ("a,withdraw,,", "a withdrawal needs a reason"),
    ("a,withdraw,,other_school", "name of the other school"),
    ("a,withdraw,,other_school: ", "name of the other school"),
    ("a,withdraw,,moved", "a withdrawal needs a reason"),
    ("a,withdraw,,no_reply", "date of the last contact"),
    ("a,withdraw,,no_reply: onbekend", "date of the last contact"),
    ("b,withdraw,,moved_outside", "occurs twice with different replies"),
    ("a,enrol", "Check commas and quotes"),
]


@pytest.mark.parametrize(("line", "sentence"), REPLY_FAULTS)
def test_reply_file_with_one_wrong_row_is_refused_whole(city: City, tmp_path: Path, line: str, sentence: str):
    """DH-124, AE-19"""
    city.play("ALM1", {"A": "a b c d e f", CENTRAL: "d e f"})
    said = refused("record_replies", replies(tmp_path / "replies.csv", "b,enrol,,", line))
    assert sentence in said
    assert "replies.csv, line 3" in said


def test_replies_are_recorded_and_a_second_time_change_nothing(city: City, tmp_path: Path):
    city.play("ALM1", {"A": "a b c d e f", CENTRAL: "d e f"})
    path = replies(
        tmp_path / "replies.csv",
        "a,enrol,,",
        "b,ENROL,2024-02-01,",
        "c,withdraw,,other_school: De Parel",
        "d,withdraw,2024-02-03,moved_inside",
        "e,withdraw,,no_reply: 2024-02-10",
        "a,enrol,,",
    )
    code, said = run("record_replies", path)
    assert (code, said) == (0, "2 enrolled, 3 withdrawn, 1 known already.\n")
    enrolled = Placement.objects.filter(state="enrolled").order_by("pk").values_list("enrolled_on", flat=True)
    assert [str(day) for day in enrolled] == ["2024-01-18", "2024-02-01"]
    assert city.ledger("A")["VOVP1"] == {"freed_in": 1}
    assert city.ledger("B")["VOVP1"] == {"freed_in": 1}
    withdrawals = Application.objects.filter(withdrawal__isnull=False).order_by("form__form_reference")
    assert [
        (str(row.withdrawal.effective_on), row.withdrawal.reason, row.withdrawal.is_reported)
        for row in withdrawals
    ] == [
        ("2024-01-18", "other_school", False),
        ("2024-02-03", "moved_inside", True),
        ("2024-01-18", "no_reply", False),
    ]
    before = everything()
    assert run("record_replies", path) == (0, "0 enrolled, 0 withdrawn, 6 known already.\n")
    assert everything() == before
    assert city.contradictions() == []


def test_enrolled_child_may_still_withdraw_and_nobody_enrols_after_withdrawing(city: City, tmp_path: Path):
    city.play("ALM1", {"A": "a b c d e f"})
    assert run("record_replies", replies(tmp_path / "1.csv", "a,enrol,,"))[0] == 0
    assert run("record_replies", replies(tmp_path / "2.csv", "a,withdraw,2024-03-01,uncapped_school"))[0] == 0
    assert "only a child with an offer" in refused("record_replies", replies(tmp_path / "3.csv", "a,enrol,,"))
    assert city.contradictions() == []


def test_replies_repeated_after_a_vovp_change_nothing(vovp: City, tmp_path: Path):
    """data-formats.md section 2, DH-144: the day tells the old reply from the reply to the new offer."""
    old = replies(tmp_path / "old.csv", "b,enrol,2024-02-01,", "c,enrol,2024-02-02,", "d,enrol,2024-02-01,")
    left = replies(tmp_path / "left.csv", "c,withdraw,2024-05-01,uncapped_school")
    assert run("record_replies", old)[0] == run("record_replies", left)[0] == 0
    path = opt_in_file(tmp_path / "opt-ins.csv", "d,")
    assert run("run_round", "VOVP1", "--dice", DICE, "--opt-ins", path)[0] == 0
    assert vovp.outcomes("VOVP1") == {"d": "A"}
    before = everything()
    assert run("record_replies", old) == (0, "0 enrolled, 0 withdrawn, 3 known already.\n")
    assert everything() == before
    early = replies(tmp_path / "early.csv", "d,enrol,2024-02-03,")
    assert "cannot be earlier than" in refused("record_replies", early)
    new = replies(tmp_path / "new.csv", "d,enrol,,")
    assert run("record_replies", new) == (0, "1 enrolled, 0 withdrawn, 0 known already.\n")


# --- what surrounds a command ---------------------------------------------------------------------------------------

SAY = """
import pathlib, sys, django
django.setup()
from admissions.management.base import ContractCommand
command = ContractCommand()
sys.stdin.read()
command.say("\u201ceen\u201d")
command.say("twee")
pathlib.Path(sys.argv[1]).touch()
"""


def start(*arguments: object, **environment: str) -> subprocess.Popen[bytes]:
    local = {"ENV_FILE": "none", "DJANGO_SETTINGS_MODULE": "config.settings.local"}
    return subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        env=os.environ | local | environment,
        cwd=settings.BASE_DIR,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_database_without_tables_gets_a_sentence(tmp_path: Path):
    """data-formats.md section 2: no traceback."""
    empty = start("manage.py", "check_integrity", DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    out, err = empty.communicate(timeout=120)
    assert (empty.returncode, out) == (1, b"")
    assert b"migrate" in err
    assert b"Traceback" not in err


def test_work_is_done_whoever_reads_the_progress(tmp_path: Path):
    """data-formats.md section 2: neither ``| head`` nor a terminal without quotes stops a command."""
    plain = start("-c", SAY, tmp_path / "plain", PYTHONIOENCODING="ascii")
    assert plain.communicate(timeout=120) == (b"\\u201ceen\\u201d\ntwee\n", b"")
    unread = start("-c", SAY, tmp_path / "unread")
    assert unread.stdout is not None
    assert unread.stderr is not None
    assert unread.stdin is not None
    unread.stdout.close()
    unread.stdin.close()
    assert unread.wait(timeout=120) == 0
    assert unread.stderr.read() == b""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plain", "unread"]


# --- exports --------------------------------------------------------------------------------------------------------


def test_exports_of_a_round_that_was_not_played_are_refused(city: City, tmp_path: Path):
    assert "not been played yet" in refused("export_results", "ALM1", tmp_path / "results.csv")
    assert "not been played yet" in refused("export_bundle", "ALM1", tmp_path / "bundle")
    city.freeze("ALM1")
    assert "not been played yet" in refused("export_results", "ALM1", tmp_path / "results.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["export_results", "export_bundle", "export_ledger"])
def test_file_that_cannot_be_written_is_refused(city: City, tmp_path: Path, command: str):
    city.play("ALM1")
    (tmp_path / "file").write_text("")
    arguments = () if command == "export_ledger" else ("ALM1",)
    code, said = run(command, *arguments, tmp_path / "file" / "inside")
    assert code == 1
    assert "cannot be written" in said


def test_results_have_the_columns_of_the_contract_and_stay_as_the_round_decided(city: City, tmp_path: Path):
    """Only a withdrawal since shows; later rounds change nothing."""
    city.play("ALM1", {"A": "a b c d e f", CENTRAL: "d e f"})
    run("export_results", "ALM1", tmp_path / "first.csv")
    text = (tmp_path / "first.csv").read_bytes()
    assert text.startswith(
        b"form_reference,registration_number,draw_number,outcome,brin,preference_rank,decided_by,draw_rank\n"
    )
    assert b"\r" not in text
    first = {row["form_reference"]: row for row in rows(tmp_path / "first.csv")}
    assert [tuple(first[key].values())[3:] for key in "abcdef"] == [
        ("admitted", brin("A"), "1", "school_draw", "1"),
        ("admitted", brin("A"), "1", "school_draw", "2"),
        ("admitted", brin("A"), "1", "school_draw", "3"),
        ("placed_lower", brin("B"), "2", "central_matching", "1"),
        ("unplaced", "", "", "central_matching", "2"),
        ("unplaced", "", "", "central_matching", "3"),
    ]
    city.withdraw("a", on="2024-02-12")
    city.play("ALM2")
    city.play("VOVP1", {CENTRAL: "d e f"})
    run("export_results", "ALM1", tmp_path / "later.csv")
    later = {row["form_reference"]: row for row in rows(tmp_path / "later.csv")}
    gone = dict.fromkeys(("brin", "preference_rank", "decided_by", "draw_rank"), "")
    assert later == first | {"a": first["a"] | gone | {"outcome": "withdrawn"}}
    run("export_results", "VOVP1", tmp_path / "vovp.csv")
    assert [tuple(row.values())[3:] for row in rows(tmp_path / "vovp.csv")] == [
        ("admitted", brin("A"), "1", "vovp", "1"),
        ("placed_lower", brin("B"), "2", "vovp", "2"),
        ("unchanged", "", "", "vovp", "3"),
    ]
    numbers = {row["registration_number"] for row in first.values()}
    assert len(numbers) == 6
    assert {row["registration_number"] for row in rows(tmp_path / "vovp.csv")} < numbers
    assert {row["draw_number"] for row in first.values()}.isdisjoint(
        row["draw_number"] for row in rows(tmp_path / "vovp.csv")
    )


def test_ledger_has_signed_entries_whose_sum_is_what_is_open(city: City, tmp_path: Path):
    city.play("ALM1", {"A": "a b c d e f"})
    city.withdraw("a", on="2024-02-12")
    run("export_ledger", tmp_path / "ledger.csv")
    found = [tuple(row.values()) for row in rows(tmp_path / "ledger.csv")]
    assert found[0] == (brin("A"), "ALM1", "ceiling", "3", "")
    at_a = [row[1:] for row in found if row[0] == brin("A")]
    assert sorted(at_a) == sorted(
        [
            ("ALM1", "ceiling", "3", ""),
            ("ALM1", "placed", "-1", "a"),
            ("ALM1", "placed", "-1", "b"),
            ("ALM1", "placed", "-1", "c"),
            ("ALM1", "withdrawn", "1", "a"),
            ("ALM1", "freed_out", "-1", "a"),
            ("VOVP1", "freed_in", "1", "a"),
        ]
    )


def test_import_of_one_file_reports_and_saves_its_refused_rows(city: City, tmp_path: Path):
    """Refused rows alone do not make the exit code 1."""
    forms = [city.row("ALM2", key, "B") for key in "xyz"]
    forms[1]["surname"] = ""
    (tmp_path / "forms.csv").write_bytes(csv_bytes(forms))
    code, said = run(
        "import_applications",
        tmp_path / "forms.csv",
        "--round",
        "ALM2",
        "--refused",
        tmp_path / "refused.csv",
    )
    assert code == 0
    assert "forms.csv: 2 imported, 0 known already, 1 refused" in said
    assert "line 3, form y: surname: This is empty" in said
    (saved,) = rows(tmp_path / "refused.csv")
    assert (saved["form_reference"], saved["error"].partition(":")[0]) == ("y", "surname")


def test_import_of_a_file_that_is_not_there_is_refused(city: City, tmp_path: Path):
    missing = tmp_path / "forms.csv"
    assert "forms.csv" in refused("import_applications", missing, "--round", "ALM1")
    assert refused("import_applications", tmp_path, "--round", "ALM1")  # a folder


def test_year_that_was_played_adds_up(city: City):
    for round_ in AdmissionYear.objects.get().rounds.all():
        assert run("run_round", round_.code, "--dice", DICE)[0] == 0
    assert run("check_integrity") == (0, "Everything adds up.\n")
    assert run("check_integrity", "--year", "2023-2024") == (0, "Everything adds up.\n")
