"""A school changes its letters in the browser: checks, one click to mend, versions, examples, and the logo."""

import io
from datetime import date

import pytest
from django.contrib.messages import get_messages
from PIL import Image
from pypdf import PdfReader

from notifications.enums import MessageKind, TemplateCode, TemplateUse
from notifications.models import LetterTemplate, SchoolLogo, TemplateSelection
from notifications.services.template_checks import why_blocked
from notifications.services.template_choice import default_choice
from notifications.services.template_editing import Draft
from schools.enums import Role, RoundState
from schools.models import Round, User
from tests.admissions.test_views_school import Scene, _english, logged_in, text  # noqa: F401
from tests.factories.schools import SchoolRoundFactory, region_user, school_user
from tests.notifications.family_messages import MERGE, make_message

pytestmark = pytest.mark.django_db

FIRST = TemplateCode.ALM124_FIRST


@pytest.fixture
def scene() -> Scene:
    scene = Scene(SchoolRoundFactory(round__code="ALM1", round__offers_on=date(2024, 1, 18)))
    scene.school.director_name = "Marijke Schouten"
    scene.school.save()
    return scene.at(date(2024, 1, 22), RoundState.OFFERS)


def round_of(scene: Scene) -> Round:
    return scene.seats.round


def typed(**changes: str) -> dict[str, str]:
    draft = Draft.of(default_choice(FIRST))
    return {name: getattr(draft, name) for name in draft.__slots__} | changes


def director(scene: Scene) -> User:
    """What the director stores is approved with it."""
    return school_user(scene.school, Role.SCHOOL_DIRECTOR)


def save(scene: Scene, user: User | None = None, **changes: str):
    client = logged_in(user or director(scene))
    return client.post(scene.url("letter-edit", FIRST), typed(**changes))


def said(answer) -> str:
    return " ".join(str(message) for message in get_messages(answer.wsgi_request))


# --- changing ------------------------------------------------------------------------------------------------------


def test_changed_text_is_a_version_and_the_one_before_stays(scene):
    save(scene, body="# [kind] mag komen\nSchrijf in vóór [reactie-voor].\n")
    save(scene, body="# [kind] mag komen\nSchrijf snel in vóór [reactie-voor].\n")
    save(scene, body="# [kind] mag komen\nSchrijf snel in vóór [reactie-voor].\n")  # nothing changed

    versions = LetterTemplate.objects.filter(school=scene.school, code=FIRST)
    assert [row.version for row in versions] == [1, 2]
    assert "snel" not in versions[0].body and "snel" in versions[1].body
    assert versions[1].saved_by is not None
    page = text(logged_in(school_user(scene.school)), scene.url("letter-edit", FIRST) + "?versie=1")
    assert "Schrijf in vóór" in page


def test_unknown_code_is_refused_with_its_place_and_nothing_typed_is_lost(scene):
    answer = save(scene, body="# [kind] mag komen\nSchrijf [voornam] in.\n", subject="Mijn eigen onderwerp")
    page = answer.content.decode()

    assert answer.status_code == 422 and not LetterTemplate.objects.exists()
    assert "Line 2, position 9" in page and "[voornaam]" in page
    assert "Schrijf [voornam] in." in page and "Mijn eigen onderwerp" in page


def test_html_of_the_editor_is_cleaned_and_what_fetches_is_refused(scene):
    saved = save(
        scene, body_html="<h1>[kind]</h1><div onclick=x>Een <strong>goede</strong> dag<br><br>Dag</div>"
    )
    assert saved.status_code == 302
    assert LetterTemplate.objects.get().body == "# [kind]\nEen **goede** dag\n\nDag\n"

    refused = save(scene, body_html="<h1>[kind]</h1><link rel=attachment href=file:///etc/passwd>")
    assert refused.status_code == 422 and LetterTemplate.objects.count() == 1
    page = refused.content.decode()
    assert "&lt;link" in page and "<link rel=attachment" not in page


def test_a_megabyte_is_refused_in_a_sentence(scene):
    answer = save(scene, body_html="<table><tr><td>" * 70_000)

    assert answer.status_code == 422 and "much too long" in answer.content.decode()


@pytest.mark.parametrize(
    ("role", "status"),
    [
        (Role.SCHOOL_ADMIN, 302),
        (Role.SCHOOL_DIRECTOR, 302),
        (Role.CARE_COORDINATOR, 403),
        (Role.PROGRAMME_MANAGER, 302),
        (Role.CENTRAL_OFFICE, 403),
        (Role.NOTARY, 404),
    ],
)
def test_who_may_change_a_letter(scene, role, status):
    in_school = role in (Role.SCHOOL_ADMIN, Role.SCHOOL_DIRECTOR, Role.CARE_COORDINATOR)
    user = school_user(scene.school, role) if in_school else region_user(scene.school.region, role)

    assert save(scene, user, body="# Nieuw\n").status_code == status
    assert LetterTemplate.objects.exists() == (status == 302)


def test_letter_of_another_school_does_not_exist(scene):
    other = school_user(SchoolRoundFactory().programme.school)

    for page in ("letter-list", "letter-edit", "letter-preview", "school-logo"):
        arguments = [FIRST] if page in ("letter-edit", "letter-preview") else []
        assert logged_in(other).get(scene.url(page, *arguments)).status_code == 404
    assert save(scene, other, body="# Nieuw\n").status_code == 404


def test_text_of_the_catalogue_is_no_text_of_a_school(scene):
    assert logged_in(school_user(scene.school)).get(scene.url("letter-edit", "M06")).status_code == 404


# --- traffic lights ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"reference": "Ons kenmerk 12"}, "reference"),
        ({"date_line": "18 januari 2024"}, "date"),
        ({"signature": "Iemand Anders\nde directeur"}, "signature"),
        ({"body": "# [kind]\nHet bijgevoegde inschrijfformulier levert u in.\n"}, "enclosure"),
    ],
)
def test_light_is_mended_with_one_click(scene, changes, what):
    save(scene, **changes)
    client, url = logged_in(director(scene)), scene.url("letter-list")
    before = why_blocked(scene.school, round_of(scene))
    assert (what == "enclosure") == (before == [])  # (c) and (e) only warn
    assert f'name="what" value="{what}"' in text(client, url)

    client.post(scene.url("letter-mend", FIRST), {"what": what})

    assert f'name="what" value="{what}"' not in text(client, url)
    assert why_blocked(scene.school, round_of(scene)) == []
    assert LetterTemplate.objects.filter(school=scene.school).count() == 2


def test_signature_must_be_the_director_of_the_central_list(scene):
    save(scene, signature="Marijke Schouten\ndirecteur")
    assert why_blocked(scene.school, round_of(scene)) == []

    scene.school.director_name = "Omar Jansen"
    scene.school.save()
    assert "Omar Jansen" in " ".join(why_blocked(scene.school, round_of(scene)))

    scene.school.director_name = ""
    scene.school.save()
    assert len(why_blocked(scene.school, round_of(scene))) == 2


def test_letters_of_another_reply_period_block_until_one_click(scene):
    """AE-18: a school that still has ALM124 letters in ALM3 cannot send."""
    client = logged_in(school_user(scene.school))
    client.post(scene.url("letter-select"), {"FIRST": "ALM124_FIRST", "LOWER": "ALM124_LOWER"})
    assert why_blocked(scene.school, round_of(scene)) == []
    round_ = round_of(scene)
    round_.reply_weeks = 8
    round_.save()

    assert len(why_blocked(scene.school, round_)) == 2
    assert "cannot be sent like this" in text(client, scene.url("letter-list"))
    client.post(scene.url("letter-select"), {"mend": "1"})

    assert why_blocked(scene.school, round_) == []
    assert dict(TemplateSelection.objects.values_list("use", "code")) == {
        TemplateUse.FIRST: "ALM3_FIRST",
        TemplateUse.LOWER: "ALM3_LOWER",
    }


def test_without_a_choice_the_round_chooses(scene):
    round_ = round_of(scene)
    round_.reply_weeks = 8
    round_.save()

    assert why_blocked(scene.school, round_) == []
    assert not TemplateSelection.objects.exists()


@pytest.mark.parametrize(
    "chosen", [{"FIRST": "ALM3_LOWER", "LOWER": "ALM3_LOWER"}, {}, {"FIRST": "M06", "LOWER": "x"}]
)
def test_choice_that_is_not_on_the_list_changes_nothing(scene, chosen):
    answer = logged_in(school_user(scene.school)).post(scene.url("letter-select"), chosen)

    assert answer.status_code == 302 and "Choose a letter" in said(answer)
    assert not TemplateSelection.objects.exists()


# --- examples ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", TemplateCode)
@pytest.mark.parametrize("kind", ["gewoon", "lang", "rtl"])
def test_example_is_a_pdf_of_one_page_a_language(scene, code, kind):
    url = scene.url("letter-preview", code) + f"?kind={kind}&taal=ar"
    answer = logged_in(school_user(scene.school)).get(url)

    assert answer["Content-Type"] == "application/pdf"
    pages = len(PdfReader(io.BytesIO(answer.content)).pages)
    assert pages == 2 or (kind == "lang" and pages == 3)  # three lines of names may push the signature over


def test_example_as_a_mail_shows_subject_and_text(scene):
    client, url = logged_in(school_user(scene.school)), scene.url("letter-preview", FIRST) + "?als=mail"

    assert "Noor de Voorbeeld heeft een plaats op" in text(client, url)
    html = client.get(url + "&html=1")
    assert "sandbox" in html["Content-Security-Policy"] and "<h1" in html.content.decode()


def test_real_child_of_the_own_school_only(scene):
    fields = {"round_": round_of(scene), "kind": MessageKind.M04, "merge": {**MERGE[MessageKind.M04]}}
    own = make_message(**fields, school=scene.school, registration_number="H0001")
    foreign = make_message(
        **fields,
        school=SchoolRoundFactory(round=round_of(scene)).programme.school,
        registration_number="H0002",
    )
    client, url = logged_in(school_user(scene.school)), scene.url("letter-preview", FIRST)

    assert "H0001" in text(client, scene.url("letter-edit", FIRST))
    assert client.get(f"{url}?kind={own.pk}")["Content-Type"] == "application/pdf"
    assert client.get(f"{url}?kind={foreign.pk}").status_code == 404
    assert (
        client.get(f"{url}?kind={'9' * 40}")["Content-Type"] == "application/pdf"
    )  # no number: a made-up child


# --- logo ----------------------------------------------------------------------------------------------------------


def picture(size: tuple[int, int] = (400, 120)) -> io.BytesIO:
    out = io.BytesIO()
    Image.new("RGB", size, "#225566").save(out, "PNG")
    out.seek(0)
    out.name = "logo.png"
    return out


def test_logo_goes_up_stands_on_the_page_and_goes_away(scene):
    client = logged_in(school_user(scene.school))
    client.post(scene.url("school-logo-change"), {"logo": picture()})

    assert SchoolLogo.objects.get().media_type == "image/png"
    assert scene.url("school-logo") in text(client, scene.url("school-settings"))
    shown = client.get(scene.url("school-logo"))
    assert shown["Content-Type"] == "image/png" and "sandbox" in shown["Content-Security-Policy"]
    client.post(scene.url("school-logo-change"), {"remove": "1"})
    assert not SchoolLogo.objects.exists()


def test_logo_of_five_megabytes_is_refused_in_a_sentence(scene):
    big = io.BytesIO(b"\x89PNG" + b"\0" * 5_000_000)
    big.name = "logo.png"
    answer = logged_in(school_user(scene.school)).post(scene.url("school-logo-change"), {"logo": big})

    assert "1 MB" in said(answer) and not SchoolLogo.objects.exists()


@pytest.mark.parametrize("files", [{}, {"logo": io.BytesIO(b"")}])
def test_no_file_is_a_sentence_too(scene, files):
    answer = logged_in(school_user(scene.school)).post(scene.url("school-logo-change"), files)

    assert answer.status_code == 302 and "Choose" in said(answer)


# --- the office ----------------------------------------------------------------------------------------------------


def test_office_changes_its_own_texts_and_those_behind_the_schools(scene):
    client = logged_in(region_user(scene.school.region, Role.CENTRAL_OFFICE))
    assert "M06" in text(client, "/programma/sjablonen/")
    for code, body in (
        ("M06", "# [kind] heeft nog geen plaats\nBel [loket].\n"),
        (FIRST, "# Welkom [kind]\n"),
    ):
        draft = Draft.of(default_choice(code))
        values = {name: getattr(draft, name) for name in draft.__slots__} | {"body": body}
        assert client.post(f"/programma/sjablonen/{code}/", values).status_code == 302
        assert body.splitlines()[0] in text(client, f"/programma/sjablonen/{code}/")

    assert {row.school for row in LetterTemplate.objects.all()} == {None}
    assert "Welkom" in text(logged_in(school_user(scene.school)), scene.url("letter-edit", FIRST))
    save(scene, body="# Van de school zelf, [kind]\n")
    assert "Van de school zelf" in text(logged_in(school_user(scene.school)), scene.url("letter-edit", FIRST))
    assert client.get("/programma/sjablonen/M06/voorbeeld/")["Content-Type"] == "application/pdf"
    assert client.get("/programma/sjablonen/M07/voorbeeld/")["Content-Type"].startswith("text/html")


def test_office_sees_its_letter_for_a_real_child_of_its_own_year_only(scene):
    """DH-158"""
    round_ = round_of(scene)
    own = make_message(round_=round_, kind=MessageKind.M06, registration_number="H0001")
    care = make_message(round_=round_, kind=MessageKind.M16, registration_number="H0002")
    elsewhere = SchoolRoundFactory(round__year__region__slug="elders").round
    other = make_message(round_=elsewhere, kind=MessageKind.M06, registration_number="H0003")
    client = logged_in(region_user(scene.school.region, Role.CENTRAL_OFFICE))
    page = text(client, "/programma/sjablonen/M06/")
    assert ">H0001</option>" in page and "H0003" not in page
    letter = client.get(f"/programma/sjablonen/M06/voorbeeld/?kind={own.pk}")
    assert "Noor de Wit" in PdfReader(io.BytesIO(letter.content)).pages[0].extract_text()
    mail = client.get(f"/programma/sjablonen/M06/voorbeeld/?kind={own.pk}&als=mail").content.decode()
    assert "Noor de Wit" in mail
    assert client.get(f"/programma/sjablonen/M06/voorbeeld/?kind={other.pk}").status_code == 404
    assert client.get(f"/programma/sjablonen/M06/voorbeeld/?kind={care.pk}").status_code == 404
    assert client.get(f"/programma/sjablonen/M16/voorbeeld/?kind={care.pk}").status_code == 404  # DH-180


def test_office_text_with_a_fault_is_not_stored(scene):
    client = logged_in(region_user(scene.school.region, Role.PROGRAMME_MANAGER))
    draft = Draft.of(default_choice("M06"))
    values = {name: getattr(draft, name) for name in draft.__slots__} | {"body": "# [knd]\n"}

    answer = client.post("/programma/sjablonen/M06/", values)
    assert answer.status_code == 422 and "[kind]" in answer.content.decode()
    assert not LetterTemplate.objects.exists()
    assert client.get("/programma/sjablonen/M99/").status_code == 404
