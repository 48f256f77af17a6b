"""The parent's sheet: nothing before the moment, one answer for every wrong code, the commands do what they say."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client
from pypdf import PdfReader

from admissions.models import SheetLink
from admissions.services.draws.ceremony import confirm_round, freeze_round
from admissions.services.explaining.sheet_links import (
    SheetLinkError,
    grouped_code,
    new_code,
    read_code,
    replace_link,
)
from admissions.services.explaining.sheets import sheet_of
from lottery.models import DrawSession
from lottery.services.draw_record import public_files
from lottery.services.sessions import sha256_hex
from notifications.models import Message
from schools import clock
from schools.enums import Role
from schools.models import Event
from tests.admissions.office import logged_in, manager, people, played_city, text
from tests.factories.ceremony import open_room
from tests.factories.city import City, Form, School, brin, make_city
from tests.factories.schools import RegionFactory, region_user, school_user

pytestmark = pytest.mark.django_db
VERIFIER = Path(__file__).resolve().parents[2] / "lottery" / "verifier" / "controleer.py"
START = "/mijn-loting/"


def visitor(language: str = "en") -> Client:
    client = Client()
    client.cookies["django_language"] = language
    return client


def code_of(city: City, key: str) -> str:
    return grouped_code(SheetLink.objects.get(application=city.application(key), withdrawn_at=None).code)


def address_of(city: City, key: str) -> str:
    return f"{START}{code_of(city, key)}/"


@pytest.fixture
def city() -> City:
    return played_city()


def sheet(city: City, key: str):
    city.year.refresh_from_db()
    found = sheet_of(city.application(key), now=clock.now(city.year))
    assert found is not None
    return found


# What it says


def test_the_sheet_holds_everything_to_check(city: City):
    session = DrawSession.objects.get()
    number = session.numbers.get(registration_number=city.application("a2").registration_number).number
    line = next(
        row for row in bytes(session.dossiers).decode().splitlines() if row.startswith(f"kind|{number}|")
    )
    page = text(visitor(), address_of(city, "a2"))
    assert line in page
    assert sha256_hex(line.encode())[8:] in page
    assert session.commitment_hash[8:] in page
    assert "lot 2 of 3" in page
    own = next(
        row for row in bytes(session.outcome).decode().splitlines()
        if row.startswith("uitkomst|") and f"|{number}|" in row
    )  # fmt: skip
    assert own in page
    assert own.split("|")[6] in page  # the lot in hex
    assert f"controleer.py . --vastlegging {session.commitment_hash} --kind {number}" in page
    assert "Your child has a place here. There were 2 places for 3 children." in page


def test_nothing_on_it_names_a_child(city: City):
    everybody = {"Kind", "Zoë", "Dël", "Proef"} | {
        city.application(key).registration_number for key in ("a1", "a2", "a3", "b1", "b2", "c1")
    }
    for key in ("a2", "c1"):
        page = re.sub(r"De Proef \w+", "", text(visitor(), address_of(city, key)))  # names of schools
        assert not [word for word in everybody if word in page]
        pdf = visitor().get(f"{address_of(city, key)}blad.pdf")
        words = "".join(one.extract_text() for one in PdfReader(io.BytesIO(pdf.content)).pages)
        assert not [word for word in everybody if word in re.sub(r"De\s+Proef\s+\w+", "", words)]
    assert city.application("c1").registration_number not in address_of(city, "c1")


def run(command: str, folder: Path) -> str:
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_the_commands_do_what_they_say(city: City, tmp_path: Path):
    session = DrawSession.objects.get()
    for name, content in public_files(session).items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "controleer.py").write_bytes(VERIFIER.read_bytes())
    (part,) = sheet(city, "a3").parts[0].sessions
    told = run(part.check_command.replace("python3", sys.executable), tmp_path)
    assert f"Uitkomst voor {part.number}: geen plaats" in told
    assert run(part.seal_command, tmp_path).split()[0] == part.seal
    assert part.seal in (tmp_path / "deelnemers.txt").read_text()
    for draw, command in zip(part.draws, part.lot_commands, strict=True):
        assert run(command, tmp_path).split()[-1] == draw.lot


def test_all_public_files_with_the_program_in_one_zip(city: City):
    import zipfile

    session = DrawSession.objects.get()
    answer = visitor().get(f"/den-haag/lotingen/{session.name}/bestanden.zip")
    assert answer.status_code == 200
    names = {Path(name).name for name in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()}
    assert names == {"deelnemers.txt", "vastlegging.txt", "zaad.txt", "uitslag.txt", "controleer.py"}


def test_the_grens_rule_of_the_sheet_finds_the_school(city: City):
    """OA-LOT/1 section 6: the first school that has room, or closed at my number or later, is mine."""
    for key in ("a1", "a2", "b1", "b2", "c1"):
        here = [row.code for row in sheet(city, key).parts[0].schools if row.is_here]
        assert here == [brin(city.seats()[key])]


def test_a_vovp_is_told_to_the_family_without_public_files():
    city = make_city({"A": School((1, 0, 0, 0)), "B": School((1, 0, 0, 0))})
    city.apply("ALM1", a1="A", a2="A B", a3="A B")
    city.play("ALM1", {"A": "a1 a2 a3", "centraal": "a2 a3"})
    city.play_until("VOVP1")
    city.withdraw("a1", on="2024-02-20")
    city.play("VOVP1", {"centraal": "a2 a3"})
    parts = sheet(city, "a2").parts
    assert [part.round.code for part in parts] == ["VOVP1", "ALM1"]
    (vovp,) = parts[0].sessions
    assert (vovp.is_limited, vovp.check_command) == (True, "")
    assert vovp.lot_commands and vovp.seal_command
    page = text(visitor(), address_of(city, "a2"))
    assert "so that no school can see who took part" in page


# Nothing before its moment


def outcome_words(city: City, session: DrawSession) -> list[str]:
    found = [session.outcome_hash, session.seed_hash] if session.seed_hash else []
    return [*found, "has a place here", "got no place", "uitkomst|", "last place went"]


def test_nothing_before_the_moment_of_all_families():
    """Before the freeze, frozen, committed, computed, applied: no page, no PDF, and the answer of an unknown code."""
    room = open_room()
    city, everybody = room.city, people(room.city, RegionFactory(slug="elders", name="Elders"))
    application = city.application("a0")
    unknown = visitor().get(f"{START}{grouped_code(new_code())}/")
    assert unknown.status_code == 404
    school = brin("A")
    number = application.registration_number
    closed = [f"/school/{school}/kind/{number}/ouderblad.pdf", f"/programma/kinderen/{number}/ouderblad.pdf"]

    def look() -> None:
        for client in everybody.values():
            for url in closed:
                assert not is_pdf(client.get(url))
        for link in SheetLink.objects.all():
            for end in ("", "blad.pdf"):
                early = visitor().get(f"{START}{grouped_code(link.code)}/{end}")
                assert early.status_code == 404
                assert same(early.content) == same(unknown.content)

    look()
    frozen = freeze_round(room.round.pk, actor=room.first, warnings_seen=True).session
    look()
    confirm_round(frozen.pk, actor=room.second)
    look()
    assert not SheetLink.objects.exists()
    other = make_city({"A": 1, "B": 1}, slug="hier")
    other.apply("ALM1", x="A B", y="A B")
    other.play_to("ALM1", "matched")
    assert SheetLink.objects.count() == 2  # made with the letters, which are still held
    session = DrawSession.objects.get(round=other.round("ALM1"))
    assert session.is_official
    unknown = visitor().get(f"{START}{grouped_code(new_code())}/")
    for key in ("x", "y"):
        early = visitor().get(address_of(other, key))
        assert (early.status_code, same(early.content)) == (404, same(unknown.content))
        assert not [word for word in outcome_words(other, session) if word in early.content.decode()]
    # The day comes, but nothing was sent: still nothing.
    other.move_clock("2024-02-16")
    assert visitor().get(address_of(other, "x")).status_code == 404
    for url in ("rapport/", "rapport.pdf", "rapport.csv", "bestanden.zip"):
        assert visitor().get(f"/hier/lotingen/{session.name}/{url}").status_code == 404
    other.play("ALM1")
    assert visitor().get(address_of(other, "x")).status_code == 200


def same(content: bytes) -> str:
    """A page without what differs from answer to answer."""
    plain = re.sub(r'(csrfmiddlewaretoken" value|nonce)="[^"]+"', "", content.decode())
    plain = re.sub(r"[0-9A-Z]{5}(-[0-9A-Z]{5}){4}/(blad\.pdf)?", "", plain)  # the address itself
    return re.sub(r"<aside class=\"oa-demo\".*?</aside>", "", plain)


# The code


def test_codes_are_long_and_read_as_people_type_them():
    codes = {new_code() for _one in range(200)}
    assert len(codes) == 200
    code = codes.pop()
    assert len(code) == 25
    assert read_code(grouped_code(code).lower().replace("-", " ")) == code
    assert read_code("l1O0I" * 5) == "11001" * 5
    assert read_code(code[:-1]) == read_code(code + "A") == read_code("*" * 25) == ""


def test_the_start_page_leads_on_or_says_what_is_wrong(city: City):
    client = visitor()
    page = text(client, START)
    assert "Code of your child" in page
    found = client.post(START, {"code": code_of(city, "a2").replace("-", "").lower()})
    assert (found.status_code, found.headers["Location"]) == (302, address_of(city, "a2"))
    wrong = client.post(START, {"code": "abc"})
    assert wrong.status_code == 422
    assert wrong.content.decode().count('id="fouten"') == 1
    assert "5 groups of 5" in wrong.content.decode()
    assert 'value="abc"' in wrong.content.decode()


def test_headers_keep_the_page_to_the_family(city: City):
    for answer in (
        visitor().get(address_of(city, "a2")),
        visitor().get(address_of(city, "a2") + "blad.pdf"),
        visitor().get(f"{START}{grouped_code(new_code())}/"),
        visitor().get(START),
    ):
        assert answer.headers["Cache-Control"] == "no-store, private"
        assert "noindex" in answer.headers["X-Robots-Tag"]
        assert answer.headers["Referrer-Policy"] == "same-origin"
    pdf = visitor().get(address_of(city, "a2") + "blad.pdf")
    assert pdf.headers["Content-Disposition"] == 'attachment; filename="loting-van-mijn-kind.pdf"'


def test_whoever_tries_codes_has_to_wait(city: City):
    client = visitor()
    answers = [client.get(f"{START}{grouped_code(new_code())}/").status_code for _one in range(12)]
    assert answers == [404] * 10 + [429] * 2


def test_the_code_is_in_no_log(city: City, caplog):
    code = code_of(city, "a2")
    with caplog.at_level("DEBUG"):
        visitor().get(f"{START}{code}/")
        visitor().post(START, {"code": code})
    assert caplog.records
    assert code not in caplog.text and code.replace("-", "") not in caplog.text


def test_letters_carry_the_code_and_it_tells_nothing(city: City):
    message = Message.objects.get(
        registration_number=city.application("a2").registration_number, kind__in=["M04", "M05"]
    )
    code = SheetLink.objects.get(application=city.application("a2")).code
    assert message.merge["sheet_code"] == code
    assert message.merge["check_url"] == f"http://localhost:8000{START}{grouped_code(code)}/"


def test_a_withdrawn_code_opens_nothing_and_the_new_one_does(city: City):
    old, client = address_of(city, "a2"), manager(city)
    number = city.application("a2").registration_number
    answer = client.post(f"/programma/kinderen/{number}/nieuwe-code/", follow=True)
    assert "The old code opens nothing any more." in answer.content.decode()
    assert visitor().get(old).status_code == 404
    assert visitor().get(address_of(city, "a2")).status_code == 200
    event = Event.objects.get(kind="sheet_link_replaced")
    assert event.object_key == number
    codes = SheetLink.objects.filter(application=city.application("a2")).values_list("code", flat=True)
    assert not [code for code in codes if code in f"{event.old}{event.new}{event.reason}"]


def test_there_is_no_code_before_the_draw():
    city = make_city({"A": 1})
    city.apply("ALM1", x="A")
    with pytest.raises(SheetLinkError):
        replace_link(city.application("x"), actor=region_user(city.year.region))


# On paper, at the school and at the office


def pdf_words(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status_code
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


def test_the_school_prints_for_a_child_it_admitted_and_without_the_code(city: City):
    school = city.school_round("A", "ALM1").programme.school
    client = logged_in(school_user(school))
    url = f"/school/{school.brin}/kind/{city.application('a2').registration_number}/ouderblad.pdf"
    words = pdf_words(client, url)
    assert "lot 2 van 3" in words
    assert code_of(city, "a2") not in words.replace("\n", "")
    assert url in text(client, url.removesuffix("ouderblad.pdf"))


def test_the_school_prints_nothing_that_tells_where_a_child_went():
    """Q-16: drawn out here and placed elsewhere; DH-135: nothing of a VOVP."""
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a1="A B", a2="A B")
    city.play("ALM1", {"A": "a1 a2"})
    for school, key in (("A", "a2"), ("B", "a2"), ("B", "a1")):
        place = city.school_round(school, "ALM1").programme.school
        client = logged_in(school_user(place))
        number = city.application(key).registration_number
        assert client.get(f"/school/{place.brin}/kind/{number}/ouderblad.pdf").status_code == 404


def test_the_office_prints_with_the_code_and_care_only_if_named(city: City):
    number = city.application("a2").registration_number
    words = pdf_words(manager(city), f"/programma/kinderen/{number}/ouderblad.pdf")
    assert code_of(city, "a2") in words.replace("\n", "")
    care = f"/programma/kinderen/{city.application('a3').registration_number}/ouderblad.pdf"
    assert manager(city).get(care).status_code == 200
    office = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    assert office.get(care).status_code == 404


def is_pdf(answer) -> bool:
    return answer.status_code == 200 and answer.headers["Content-Type"] == "application/pdf"


def test_every_other_role_prints_nothing(city: City):
    number = city.application("a2").registration_number
    everybody = people(city, RegionFactory(slug="elders", name="Elders"))
    office = {"programme_manager", "central_office"}
    school = {"school_admin", "school_director", "programme_manager"}
    for who, client in everybody.items():
        answer = client.get(f"/programma/kinderen/{number}/ouderblad.pdf")
        assert is_pdf(answer) == (who in office), who
        answer = client.get(f"/school/{brin('A')}/kind/{number}/ouderblad.pdf")
        assert is_pdf(answer) == (who in school), who
        if who not in office:
            client.post(f"/programma/kinderen/{number}/nieuwe-code/")
    assert SheetLink.objects.filter(withdrawn_at__isnull=False).count() == 0


def test_the_family_reads_its_own_language():
    city = make_city({"A": 1})
    city.apply("ALM1", x=Form("A", cells={"language": "en"}))
    city.play("ALM1")
    number = city.application("x").registration_number
    assert "Your child has a place here." in pdf_words(
        manager(city), f"/programma/kinderen/{number}/ouderblad.pdf"
    )
    assert "Uw kind heeft hier een plaats." in text(visitor("nl"), address_of(city, "x"))
