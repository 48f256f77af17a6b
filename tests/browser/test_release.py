"""Two people open the release in a browser, and the mail arrives at a mail server on this machine (DH-111, Q-48)."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from admissions.services.letters.offers import release_of
from notifications.models import Delivery
from notifications.services.deliveries import due_deliveries
from notifications.services.releases import mark_ready
from notifications.services.sending import send_batch
from schools.clock import now
from schools.enums import Role, RoundState
from schools.models import AdmissionYear, School
from tests.admissions.office import logged_in
from tests.factories.city import make_city
from tests.factories.schools import region_user
from tests.notifications.sinks import Sink, mail_server

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/programma/verzending/vrijgave/ALM1/"


def test_release_by_two_accounts_arrives(
    live_server, new_context: Callable[..., BrowserContext], axe: Callable[[Page], list[str]]
):
    city = make_city({"A": 1, "B": 1})
    city.apply("ALM1", a="A", b="A B", c="A B")
    city.play_to("ALM1", RoundState.MATCHED)
    AdmissionYear.objects.update(
        is_rehearsal=False, clock_at=None
    )  # a year of real children, past its sending day
    round_ = city.round("ALM1")
    for school in School.objects.filter(messages__round=round_).distinct():
        mark_ready(release_of(round_), school, actor=None, at=now(round_.year))
    sink = Sink()
    with mail_server(sink):
        for role in (Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE):
            context = new_context()
            cookies = logged_in(region_user(city.year.region, role)).cookies
            context.add_cookies(
                [{"name": "sessionid", "value": cookies["sessionid"].value, "url": live_server.url}]
            )
            page = context.new_page()
            page.goto(f"{live_server.url}{PAGE}")
            page.get_by_role("button", name="Kijk alle brieven na").click()
            page.get_by_role("button", name="Kies vijf brieven").click()
            assert axe(page) == []
            for number in range(page.locator("a[href$='/lezen/']").count()):
                page.locator("a[href$='/lezen/']").nth(number).click()
                page.goto(f"{live_server.url}{PAGE}")
            page.set_viewport_size({"width": 360, "height": 740})
            assert axe(page) == []
            page.get_by_role("button", name=re.compile("^Bevestig")).click()
            expect(page.get_by_role("status")).to_be_visible()
        expect(page.get_by_text("Geopend op")).to_be_visible()
        send_batch(due_deliveries())
    families = {to: n for to, n in sink.times().items() if to.startswith(("a@", "b@", "c@"))}
    assert families == Counter({f"{key}@example.org": 1 for key in "abc"})
    assert set(
        Delivery.objects.filter(channel="email").exclude(email="").values_list("state", flat=True)
    ) == {"offered"}
