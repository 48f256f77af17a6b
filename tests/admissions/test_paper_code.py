"""The code on a printed form (DH-038): its format, and what the school gets out of it."""

import base64
import json
import uuid
import zlib
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
import zxingcpp
from django.urls import reverse
from django.utils import translation
from hypothesis import example, given, settings
from hypothesis import strategies as st

from admissions.enums import FormState
from admissions.models import FormEntry, PriorityClaim
from admissions.services.forms.paper_code import (
    ANSWERS,
    FIELDS,
    MOST_SIGNS,
    PaperCodeError,
    read_code,
    write_code,
)
from admissions.services.forms.typed_values import FIELDS as KNOWN
from tests.admissions.entry_pages import Desk, make_desk
from tests.factories.schools import school_user

SAMPLES = Path(__file__).resolve().parent.parent.parent / "demo" / "sample_forms"
TYPED = {
    "given_name": "Ilyas",
    "surname": "Çelik",
    "date_of_birth": "4-12-20",
    "postcode": "2548 br",
    "house_number": "112",
    "street": "Voorbeeldstraat",
    "place": "Delft",
    "guardian_name": "H. Çelik",
    "email": "h.celik@example.org",
    "phone": "06 0000 2644",
    "care_request": "0",
}
SCHOOLS = ("De Gantel", "beuk", "Het Jonge Blad", "eik", "sint jan")


def packed(body: bytes, version: str = "1", checksum: int | None = None) -> str:
    """A code of any bytes, with a checksum that is right unless told."""
    crc = zlib.crc32(body) if checksum is None else checksum
    return f"OAF{version}" + base64.b32encode(crc.to_bytes(4) + body).decode().rstrip("=")


def lines_of(*values: str, region: str = "den-haag", year: str = "2023-2024") -> bytes:
    return "\n".join([region, year, *values]).encode()


# --- the format --------------------------------------------------------------------------------------------------


def test_the_format_is_what_its_description_says():
    """A written example: whoever makes another reader or writer can start from this."""
    code = write_code("r", "y", {"given_name": "Zoë", "care_request": "0"}, ["A", "", "B", "", ""])
    body = "r\ny\nZoë\n\n\n\n\n\n\n\n\n\n\n\n\n0\n\nA\n\nB".encode()
    assert code == packed(body)
    found = read_code(code)
    assert (found.region, found.year) == ("r", "y")
    assert found.typed == {"given_name": "Zoë", "care_request": "0"}
    assert found.schools == ("A", "", "B")


def test_only_fields_of_the_entry_page_are_in_it_and_none_that_a_person_answers_for():
    """DH-045, DH-061; and nothing that the school itself fills in, such as the day received."""
    assert set(FIELDS) < set(KNOWN)
    assert not [name for name in FIELDS if name.startswith(("check_", "claim_", "checked_", "evidence_"))]
    assert not {"received_on", "channel", "no_email", "language"} & set(FIELDS)


every_time_the_same = settings(deadline=None, derandomize=True, max_examples=150)
word = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"]), max_size=20)


@every_time_the_same
@given(
    typed=st.fixed_dictionaries(
        {},
        optional={
            name: st.sampled_from(ANSWERS.get(name, ())) if name in ANSWERS else word for name in FIELDS
        },
    ),
    schools=st.lists(word, max_size=10),
)
@example(typed=dict.fromkeys(FIELDS, "") | {"care_note": "x" * 600}, schools=[])
def test_what_is_written_is_read_or_does_not_fit(typed: dict[str, str], schools: list[str]):
    try:
        code = write_code("den-haag", "2023-2024", typed, schools)
    except PaperCodeError:
        assert sum(len(value.encode()) for value in (*typed.values(), *schools)) > 400
        return
    assert len(code) <= MOST_SIGNS
    while schools and not schools[-1]:
        schools.pop()
    for scanned in (code, code.lower(), f" {code[:9]} {code[9:]}\r\n"):
        found = read_code(scanned)
        assert found.typed == {name: value for name, value in typed.items() if value}
        assert list(found.schools) == schools


@every_time_the_same
@given(
    st.text() | st.from_regex(r"(?i)oaf[0-9][a-z2-7]*", fullmatch=True) | st.binary(max_size=80).map(packed)
)
def test_whatever_is_scanned_is_read_or_refused_with_a_sentence(text: str):
    try:
        read_code(text)
    except PaperCodeError as exc:
        assert exc.field == "code" and str(exc).endswith(".")


@every_time_the_same
@given(st.data())
def test_one_wrong_sign_or_a_missing_end_is_found(data: st.DataObject):
    code = write_code("den-haag", "2023-2024", TYPED, SCHOOLS)
    at = data.draw(st.integers(4, len(code) - 1))
    other = data.draw(
        st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567").filter(lambda sign: sign != code[at])
    )
    for wrong in (code[:at] + other + code[at + 1 :], code[:at]):
        with pytest.raises(PaperCodeError):
            read_code(wrong)


FULL = [""] * len(FIELDS)
HOSTILE = {
    "empty": ("", "Put the cursor in this field"),
    "a name": ("Ilyas", "not the code of an application form"),
    "a web address": ("https://example.org/?q=OAF1AAAA", "not the code of an application form"),
    "html": ("<script>alert(1)</script>", "not the code of an application form"),
    "formula": ("=1+1", "not the code of an application form"),
    "right to left": ("\u202eOAF1AAAA", "not the code of an application form"),
    "letters that become capitals": ("oaf1ß", "not the code of an application form"),
    "a megabyte": ("OAF1" + "A" * 1_000_000, "not complete or has a mistake"),
    "a megabyte of spaces": (" " * 1_000_000 + "OAF1", "not the code of an application form"),
    "null": ("\0", "Null characters"),
    "only the mark": ("OAF1", "not the code of an application form"),
    "a checksum only": (packed(b""), "not complete or has a mistake"),
    "impossible length": ("OAF1AAA", "not complete or has a mistake"),
    "spare bits set": (packed(lines_of(*FULL))[:-1] + "7", "not complete or has a mistake"),
    "wrong checksum": (packed(lines_of(*FULL), checksum=1), "not complete or has a mistake"),
    "not UTF-8": (packed(b"\xff\xfe\n" * 30), "not complete or has a mistake"),
    "too few lines": (packed(lines_of(*FULL[:-1])), "not complete or has a mistake"),
    "too many schools": (packed(lines_of(*FULL, *"abcdefghijk")), "not complete or has a mistake"),
    "another answer": (
        packed(lines_of(*["ja" if name == "is_twin" else "" for name in FIELDS])),
        "not complete or",
    ),
    "an older version": (packed(lines_of(*FULL), version="0"), "another version of this program"),
    "a newer version": (packed(lines_of(*FULL), version="2"), "another version of this program"),
    "another region": (packed(lines_of(*FULL, region="elders")), "a form of another region"),
    "another year": (packed(lines_of(*FULL, year="2022-2023")), "you enter forms of 2023-2024"),
    "another school": (
        packed(lines_of(*FULL, "De Beuk")),
        "De Beuk stands first. That school enters the form.",
    ),
    "two other schools": (packed(lines_of(*FULL, "jonge")), "“jonge” stands first. That school"),
}


# --- at the school -----------------------------------------------------------------------------------------------


@pytest.fixture
def desk(db: Any) -> Desk:
    return make_desk()


def scan(desk: Desk, code: str, key: uuid.UUID | None = None) -> Any:
    return desk.client.post(desk.url("entry-scan", key or uuid.uuid4()), {"code": code})


@pytest.mark.parametrize(("code", "sentence"), HOSTILE.values(), ids=HOSTILE.keys())
def test_what_cannot_be_loaded_gets_a_sentence_beside_the_field(desk: Desk, code: str, sentence: str):
    answer = scan(desk, code)
    assert answer.status_code == 422
    assert [text for text in answer.context["scan"].errors["code"] if sentence in text]
    assert "<script>alert" not in answer.content.decode()
    assert not FormEntry.objects.exists()


def test_a_code_becomes_the_same_draft_as_typing_and_nothing_more(desk: Desk):
    """DH-038: a draft through the same services; priority and the check stay with people (DH-045, DH-061)."""
    session = desk.client.session
    session["entry_carried"] = {"received_on": "15-12-2023", "channel": "paper", "place": "Elders"}
    session.save()
    answer = scan(desk, write_code("den-haag", "2023-2024", TYPED, SCHOOLS))
    assert answer.status_code == 302 and answer.url.endswith("#gelezen")
    scanned = FormEntry.objects.select_related("form__application__child").get()
    assert answer.url.split("#")[0] == desk.url("entry", scanned.key)
    typed = desk.typed()
    for point in (1, 3, 4, 7):
        del typed[f"check_{point}"]
    by_hand = uuid.uuid4()
    typed["preference_3"] = "Het Jonge Blad"
    desk.post(by_hand, typed)
    assert scanned.typed == desk.entry(by_hand).typed
    assert scanned.form.state == FormState.DRAFT
    assert scanned.form.application.child.full_name == "Ilyas Çelik"
    assert not PriorityClaim.objects.exists()
    page = desk.client.get(answer.url).content.decode()
    assert "Compare every field with the paper" in page
    assert "data-scan" not in page  # this form has its data


def test_values_are_judged_beside_their_fields_as_when_typed(desk: Desk):
    """Formulas, markup, turned text and signs: kept or refused as when a person types them, never run, never a 500."""
    odd = TYPED | {
        "given_name": "=HYPERLINK(1)",
        "surname": "<b>\u202eqr</b>",
        "street": "Straat 😀",
        "guardian_name": "أمينة",
        "email": "geen adres",
        "date_of_birth": "31-2-2020",
    }
    answer = scan(desk, write_code("den-haag", "2023-2024", odd, ("Gantel", "bestaat niet", "jonge")))
    page = desk.client.get(answer.url)
    told = page.context["form"].lines
    wrong = {name for name, lines in told.items() if any(line.kind == "error" for line in lines)}
    assert wrong == {"given_name", "email", "date_of_birth", "preference_2", "preference_3"}
    assert "<b>qr" not in page.content.decode()
    entry = FormEntry.objects.get()
    assert entry.form is None and entry.typed["surname"] == "<b>qr</b>"


def test_a_number_like_a_bsn_is_left_out_with_a_sentence(desk: Desk):
    """DH-040."""
    code = write_code("den-haag", "2023-2024", TYPED | {"care_note": "nummer 111222333"}, SCHOOLS)
    answer = scan(desk, code)
    assert answer.status_code == 422
    assert "looks like a BSN" in answer.context["form"].lines["care_note"][0].text
    assert FormEntry.objects.get().typed["care_note"] == "nummer"


def test_a_code_never_writes_over_what_was_typed_and_twice_is_once(desk: Desk):
    key, code = uuid.uuid4(), write_code("den-haag", "2023-2024", TYPED, SCHOOLS)
    desk.keep(key, {"given_name": "Noor"})
    answer = scan(desk, code, key)
    assert desk.entry(key).typed == {"given_name": "Noor"}
    new = FormEntry.objects.exclude(key=key).get()
    assert str(new.key) in answer.url
    again = scan(desk, code, new.key)
    assert again.url == answer.url
    assert FormEntry.objects.count() == 2
    # A refused code leaves the form as it was.
    refused = scan(desk, "OAF1", key)
    assert refused.context["form"].initial["given_name"] == "Noor"


def test_when_the_code_does_not_say_the_first_school_the_page_says_so(desk: Desk):
    for first in ("", "Een school van elders"):
        answer = scan(desk, write_code("den-haag", "2023-2024", TYPED, (first, *SCHOOLS[1:])))
        page = desk.client.get(answer.url).content.decode()
        assert "Look at number 1 on the paper" in page


def test_a_closed_round_and_a_colleague_of_another_school_are_refused(desk: Desk):
    code = write_code("den-haag", "2023-2024", TYPED, SCHOOLS)
    key = uuid.uuid4()
    desk.keep(key, {"given_name": "Noor"})
    other = desk.others[0].programme.school
    desk.client.force_login(school_user(other))
    there = reverse("admissions:entry-scan", args=[other.brin, key])
    assert scan(desk, code).status_code == 404
    assert desk.client.post(there, {"code": code}).status_code == 404
    desk.client.force_login(desk.user)
    desk.at("2024-06-01T10:00:00")
    assert scan(desk, code).status_code == 409
    assert FormEntry.objects.count() == 1


# --- the forms to practise with ----------------------------------------------------------------------------------

SHEETS = json.loads((SAMPLES / "families.json").read_text())


@pytest.mark.parametrize("family", SHEETS["forms"], ids=lambda family: family["file"])
def test_every_sample_form_carries_what_is_written_on_it(family: dict[str, Any]):
    with pypdfium2.PdfDocument(SAMPLES / f"{family['file']}.pdf") as document:
        assert len(document) == 1
        sheet = document[0].render(scale=100 / 72).to_pil().convert("L")  # dots an inch
    (found,) = zxingcpp.read_barcodes(sheet)
    with translation.override("nl"):
        code = read_code(found.text)
    assert (code.region, code.year) == (SHEETS["region"], SHEETS["year"])
    assert code.typed["given_name"] == family["given_name"]
    assert code.typed.get("is_twin", "") == ("1" if family["twin"] else "")
    assert code.typed["care_request"] == ("1" if family["care"] == "ja" else "0")
    assert list(code.schools) == family["schools"]
