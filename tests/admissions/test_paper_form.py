"""The empty form for everybody (DH-036, DH-037, DH-039, DH-040, DH-046): one source for page, PDF and samples."""

import io
import re

import pytest
from django.test import Client
from pypdf import PdfReader

from admissions.procedures.registry import procedure_of
from schools.enums import HandIn
from schools.models import School
from tests.factories.city import UNCAPPED, City, brin, make_city
from tests.factories.city import School as CitySchool

pytestmark = pytest.mark.django_db


@pytest.fixture
def city() -> City:
    city = make_city({"A": 3, "B": CitySchool(2, rules="sibling"), "U": UNCAPPED}, fillers=False)
    School.objects.filter(brin=brin("A")).update(
        hand_in=HandIn.EMAIL, contact_email="balie@example.org", hand_in_note="Voor 17.00 uur."
    )
    return city


def visitor(language: str = "nl") -> Client:
    client = Client()
    client.cookies["django_language"] = language
    return client


def address(city: City, end: str = "") -> str:
    return f"/{city.year.region.slug}/aanmeldformulier/{end}"


def words(content: bytes) -> str:
    pages = PdfReader(io.BytesIO(content)).pages
    assert len(pages) == 1
    return " ".join(pages[0].extract_text().split())


@pytest.mark.parametrize(
    ("language", "title", "child", "enough"),
    [
        ("nl", "Aanmeldformulier basisschool", "Officiële voornaam", "(ten minste 5)"),
        ("en", "Application form primary school", "Official first name", "(at least 5)"),
    ],
)
def test_anybody_reads_fills_in_and_prints_the_form_in_two_languages(city, language, title, child, enough):
    """DH-036: no account needed; screen and PDF come from the same form."""
    page = visitor(language).get(address(city)).content.decode()
    file = visitor(language).get(address(city, "leeg.pdf"))
    assert file.headers["Content-Type"] == "application/pdf"
    for text in (page, words(file.content)):
        assert title in text and child in text and enough in text and city.year.code in text


def test_what_a_family_types_has_no_name_and_stands_in_no_form(city):
    """DH-038: the public site keeps nothing, because nothing reaches it."""
    page = visitor().get(address(city, f"?school={brin('B')}")).content.decode()
    article = page[page.index("<article") : page.index("</article>")]
    boxes = re.findall(r"<(?:input|textarea)[^>]*>", article)
    assert len(boxes) == 12 + 1 + 3 + 2 + 6  # child and parents, twin, care, sibling, schools
    assert {name for box in boxes for name in re.findall(r'name="(\w+)"', box)} == {
        "extra"
    }  # the two radio buttons
    assert "<form" not in article
    assert all(
        word not in article.lower() for word in ("jongen", "meisje", "geslacht", 'bsn"')
    )  # DH-039, DH-040


def test_the_form_says_where_to_hand_it_in_and_has_only_the_priorities_of_that_school(city):
    """DH-037; a tick for a priority that the school did not adopt cannot be made."""
    by_mail = words(visitor().get(address(city, f"leeg.pdf?school={brin('A')}")).content)
    assert "Per e-mail: balie@example.org. Voor 17.00 uur." in by_mail and "Op papier:" not in by_mail
    assert "broer of zus zit" not in by_mail
    other = words(visitor().get(address(city, f"leeg.pdf?school={brin('B')}")).content)
    assert (
        "Op papier:" in other
        and "broer of zus zit" in other
        and "voorschool" not in other.split("Naam van de")[0]
    )


def test_an_unknown_school_gets_a_sentence_and_no_file(city):
    for wanted in (
        "99XX99",
        brin("U"),
        "x" * 10_000,
        "<script>",
    ):  # U has no ceiling: it admits without this form
        page = visitor().get(address(city), {"school": wanted})
        assert (page.status_code, "gebruikt dit formulier niet" in page.content.decode()) == (200, True)
        assert visitor().get(address(city, "leeg.pdf"), {"school": wanted}).status_code == 404
    assert visitor().get("/bestaat-niet/aanmeldformulier/").status_code == 404


def test_the_least_number_of_schools_is_a_setting_of_the_region(city):
    region = city.year.region
    region.parameters = {"minimum_list_length": 3}
    region.save()
    assert procedure_of(region).parameters.minimum_list_length == 3
    page = visitor().get(address(city)).content.decode()
    assert "(ten minste 3)" in page
    assert page.count('aria-label="School ') == 4


def test_the_finder_leads_to_the_form_of_each_school_with_a_ceiling(city):
    """DH-037: how to hand in stands on the public page of the school."""
    page = visitor().get(f"/{city.year.region.slug}/scholen/").content.decode()
    links = re.findall(r"aanmeldformulier/\?school=(\w+)", page)
    assert links == [brin("A"), brin("B")]
    assert "Per e-mail. Voor 17.00 uur." in " ".join(page.split())
