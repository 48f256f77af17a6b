"""The parts every page is made of."""

from datetime import UTC, date, datetime

import pytest
from django import forms
from django.http import HttpRequest
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.utils import translation
from django.views import defaults

from schools.context import round_strip
from schools.enums import Role
from schools.models import local_moment
from schools.templatetags import oa
from scripts.refresh_vendor import faults
from tests.factories.schools import MembershipFactory, RoundFactory, SchoolFactory, UserFactory

NOW = datetime(2024, 3, 27, 9, 0, tzinfo=UTC)


def test_vendored_files_are_those_of_the_manifest():
    assert faults() == []


@pytest.mark.parametrize(
    "until, english",
    [
        (date(2024, 3, 27), "today"),
        (date(2024, 3, 28), "1 day left"),
        (date(2024, 4, 1), "5 days left"),
        (date(2024, 3, 25), "2 days ago"),
        (datetime(2024, 3, 27, 8, 0, tzinfo=UTC), "passed today"),
        # 23:30 UTC is already the next day in Amsterdam.
        (datetime(2024, 3, 27, 23, 30, tzinfo=UTC), "1 day left"),
    ],
)
def test_days_left_are_counted_in_local_days(until: date, english: str):
    with translation.override("en"):
        assert oa.days_left(until, NOW) == english


def test_initials_and_places_and_unknown_status():
    assert [oa.initials(name) for name in ("Samira Bouzian", "Karin", "Jan van der Berg", "")] == [
        "SB",
        "K",
        "JB",
        "",
    ]
    with translation.override("en"):
        assert 'aria-label="3 places: 1 taken, 1 offered, 1 open"' in oa.place_dots(1, 1, 1)
    assert oa.badge("something_new", "Word").count("<svg") == 1


def test_texts_in_badges_and_charts_are_escaped():
    assert "<b>" not in oa.badge("ok", "<b>x</b>")
    chart = oa.bar_chart("<b>", [{"label": "<i>", "values": [2, 1]}], [("Taken", "f1"), ("Open", "fo")])
    assert "<b>" not in chart and "<i>" not in chart
    assert chart.count('role="img"') == 2  # a wide drawing and a narrow one, never tiny text


class Sample(forms.Form):
    name = forms.CharField(label="Name", help_text="As on the passport")
    note = forms.CharField(label="Note", required=False)
    answer = forms.ChoiceField(label="Answer", choices=[("y", "Yes"), ("n", "No")], widget=forms.RadioSelect)
    sure = forms.BooleanField(label="Sure")


def test_form_names_every_fault_beside_its_field_and_above_the_form():
    with translation.override("en"):
        html = str(Sample({"note": "x"}))
    assert html.count('class="utrecht-form-field-error-message"') == 3
    assert 'href="#id_name"' in html and 'href="#id_answer_0"' in html and 'href="#id_sure"' in html
    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'class="utrecht-textbox"' in html and 'class="utrecht-radio-button"' in html
    assert "(not required)" in html


def test_round_strip_marks_what_is_past_and_what_is_now(db: None):
    rounds = [RoundFactory(code="ALM1"), RoundFactory(code="ALM2"), RoundFactory(code="VOVP1")]
    with translation.override("en"):
        strip = round_strip(rounds, local_moment(date(2024, 3, 27)))
        assert strip is not None
        assert strip.name == "Application period 2"
        assert [step.state for step in strip.steps] == ["now", *["later"] * 6]
        assert strip.steps[0].when == "1 to 31 March"
        later = round_strip(rounds, local_moment(date(2024, 4, 10)))
        assert later is not None
        assert [step.state for step in later.steps] == [*["done"] * 4, "now", "later", "later"]
        vovp = round_strip(rounds, local_moment(date(2024, 5, 29)))
        assert vovp is not None
        assert [step.label for step in vovp.steps if step.state == "now"] == ["Schools see the result"]


def test_round_strip_of_a_year_without_dates_says_so(db: None):
    """A new region: a round that nobody has planned is not over."""
    names = ("parents_from", "parents_until", "processing_until", "school_draws_on", "central_matching_on")
    empty = RoundFactory(code="ALM1", offers_on=None, **dict.fromkeys(names))
    with translation.override("en"):
        strip = round_strip([empty], local_moment(date(2024, 3, 27)))
    assert strip is not None
    assert (strip.now, strip.steps) == ("There are no dates yet", [])


def test_error_pages_need_no_database_and_no_manifest(settings, rf: RequestFactory):
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"},
    }
    request: HttpRequest = rf.get("/")
    with translation.override("nl"):
        for view, arguments in [
            (defaults.server_error, ()),
            (defaults.bad_request, (Exception(),)),
            (defaults.permission_denied, (Exception(),)),
        ]:
            answer = view(request, *arguments)
            assert b"oa-panel" in answer.content
            assert answer.content.startswith(b"<!doctype html>")


@pytest.mark.django_db
def test_unknown_page_is_said_in_dutch_and_in_english(client: Client):
    client.force_login(UserFactory())
    assert 'lang="nl"' in client.get("/nergens/").content.decode()
    client.post("/taal/", {"language": "en", "next": "/"})
    answer = client.get("/nergens/")
    assert answer.status_code == 404
    assert "We cannot find this page" in answer.content.decode()


@pytest.mark.django_db
def test_somebody_without_a_role_reads_whom_to_ask(client: Client):
    client.force_login(UserFactory(name="Nieuwe Collega"))
    answer = client.get("/")
    assert answer.status_code == 200
    assert "Nieuwe Collega" in answer.content.decode()


@pytest.mark.django_db
def test_home_goes_to_the_start_page_of_the_school(client: Client):
    school = SchoolFactory()
    client.force_login(MembershipFactory(school=school, role=Role.SCHOOL_DIRECTOR).user)
    assert client.get("/").headers["Location"] == f"/school/{school.brin}/"


@pytest.mark.django_db
def test_manuals_are_open_to_everybody(client: Client):
    index = client.get("/help/")
    assert index.status_code == 200
    for topic in index.context["topics"]:
        assert client.get(f"/help/{topic[0]}/").status_code == 200
    assert client.get("/help/niets/").status_code == 404


def test_alert_announces_errors_only():
    def shown(kind: str) -> str:
        return Template("{% load oa %}{% alert kind=kind title='T' %}<p>x</p>{% endalert %}").render(
            Context({"kind": kind})
        )

    assert 'role="alert"' in shown("error")
    assert 'role="alert"' not in shown("warning")
