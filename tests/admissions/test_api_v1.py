"""The read-only API: tokens and their scopes, what a stranger gets, limits, and schemathesis against its schema."""

import os
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.db import connection
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from admissions.api_v1.protocol import PublicRate, SystemRate
from admissions.models import ApiClient, PublishedRound
from admissions.services.api_clients import ClientRefused, make_client, withdraw_client
from admissions.services.year.year_clock import move_year_clock
from config.wsgi import application
from schools.enums import Role
from schools.models import Event, local_moment
from tests.admissions.office import address, logged_in, manager, played_city, small_city, text
from tests.factories.city import City
from tests.factories.schools import RegionFactory, UserFactory, region_user

pytestmark = pytest.mark.django_db
EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "12"))  # for each operation
PROBLEM = "application/problem+json"


def base(city: City) -> str:
    return f"/api/v1/regions/{city.year.region.slug}"


def token_for(city: City, *scopes: str) -> dict[str, str]:
    name = f"Systeem {ApiClient.objects.count()}"
    _client, token = make_client(city.year, name=name, scopes=scopes, actor=UserFactory())
    return {"Authorization": f"Bearer {token}"}


def publish(city: City) -> None:
    city.year.refresh_from_db()
    day = city.round("ALM1").offers_on + timedelta(days=1)
    move_year_clock(city.year, to=local_moment(day), actor=None)


def get(url: str, headers: dict[str, str] | None = None) -> Any:
    return Client().get(url, headers=headers or {})


# Public


def test_public_figures_only_after_publication():
    """DH-161: the API knows nothing of a round before its figures are public."""
    city = played_city()
    assert get(f"{base(city)}/statistics/").json()["results"] == []
    one = f"{base(city)}/statistics/{city.year.code}/ALM1/"
    assert get(one).status_code == 404
    publish(city)
    (row,) = get(f"{base(city)}/statistics/").json()["results"]
    assert (row["round"], row["children"], row["unplaced"]) == ("ALM1", 6, "x")
    answer = get(one).json()
    assert "garantie" in answer["note"] and {s["applications"] for s in answer["schools"]} <= {
        0,
        None,
        "<5",
        "x",
    }
    elsewhere = RegionFactory(slug="elders")
    assert get(f"/api/v1/regions/{elsewhere.slug}/statistics/{city.year.code}/ALM1/").status_code == 404


def test_errors_are_problems_with_a_sentence():
    city = small_city()
    for url, status in (
        ("/api/v1/regions/nergens/statistics/", 404),
        ("/api/v1/iets/anders", 404),
        (f"{base(city)}/statistics/?page=999", 404),
        (f"{base(city)}/statistics/a%00b/c/", 404),
        (f"{base(city)}/rounds/", 401),
    ):
        answer = get(url)
        assert (answer.status_code, answer.headers["Content-Type"]) == (status, PROBLEM), url
        assert (
            set(answer.json()) == {"type", "title", "status", "detail"} and answer.json()["status"] == status
        )
    assert Client().post(f"{base(city)}/statistics/").status_code == 405


def test_who_asks_too_often_reads_how_long_to_wait(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(PublicRate, "THROTTLE_RATES", {"api_public": "2/min"})
    city = small_city()
    answers = [get(f"{base(city)}/statistics/") for _ in range(3)]
    assert [a.status_code for a in answers] == [200, 200, 429]
    assert answers[2].headers["Content-Type"] == PROBLEM and "seconden" in answers[2].json()["detail"]
    assert int(answers[2].headers["Retry-After"]) > 0


# With a token


def test_a_token_reads_its_scope_in_its_region_and_nothing_else():
    city = played_city()
    rounds, outcomes = token_for(city, "rounds"), token_for(city, "outcomes")
    listed = f"{base(city)}/rounds/"
    one = f"{listed}{city.year.code}/ALM1/"
    assert get(listed, rounds).json()["results"][0]["code"] == "ALM1"
    assert get(one, rounds).json()["schools"][0]["ceiling"] is not None
    assert get(listed, outcomes).status_code == 403 and get(f"{one}outcomes/", rounds).status_code == 403
    RegionFactory(slug="elders")
    assert get("/api/v1/regions/elders/rounds/", rounds).status_code == 404
    assert get(f"/api/v1/regions/elders/rounds/{city.year.code}/ALM1/outcomes/", outcomes).status_code == 404
    assert ApiClient.objects.filter(last_used_at__isnull=False).count() == 2


def test_outcomes_without_names_and_only_when_families_know():
    city = small_city()
    url, headers = f"{base(city)}/rounds/{city.year.code}/ALM1/outcomes/", token_for(city, "outcomes")
    early = get(url, headers)
    assert early.status_code == 404 and "gehoord" in early.json()["detail"]
    city.play("ALM1", {"A": "a1 a2 a3"})
    answer = get(url, headers)
    rows = answer.json()["results"]
    assert len(rows) == 6 and {row["outcome"] for row in rows} == {"admitted", "unplaced"}
    body = answer.content.decode()
    assert "Kind" not in body and "Proef" not in body and "care" not in body
    assert get(url + "?page_size=2&page=3", headers).json()["next"] is None


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer x", "Bearer oa_x", "Bearer oa_ë", "Token oa_x", "Bearer a b c"]
)
def test_other_tokens_are_refused(said: str):
    city = small_city()
    answer = Client().get(f"{base(city)}/rounds/", HTTP_AUTHORIZATION=said)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"] == "Bearer"


def test_who_is_logged_in_needs_a_token_too():
    city = small_city()
    assert manager(city).get(f"{base(city)}/rounds/").status_code == 401


def test_a_withdrawn_token_counts_no_more():
    city = small_city()
    client, token = make_client(city.year, name="Dashboard", scopes=["rounds"], actor=UserFactory())
    headers = {"Authorization": f"Bearer {token}"}
    assert get(f"{base(city)}/rounds/", headers).status_code == 200
    assert withdraw_client(client.pk, year=city.year, actor=UserFactory())
    assert get(f"{base(city)}/rounds/", headers).status_code == 401
    assert not withdraw_client(client.pk, year=city.year, actor=UserFactory())
    kinds = Event.objects.filter(object_type="api_client").values_list("kind", flat=True)
    assert list(kinds) == ["api_client_made", "api_client_withdrawn"]


# The page


def test_the_manager_sees_a_token_once():
    city = small_city()
    client, url = manager(city), address("api-client-list")
    answer = client.post(url, {"name": "Dashboard", "scopes": ["rounds"]})
    row = ApiClient.objects.get()
    shown = answer.content.decode()
    start = shown.index(row.token_start)
    assert answer.headers["Cache-Control"] == "no-store"
    token = shown[start : shown.index("</code>", start)]
    assert get(f"{base(city)}/rounds/", {"Authorization": f"Bearer {token}"}).status_code == 200
    later = text(client, url)
    assert token not in later and row.token_hash not in later and token not in row.token_hash
    assert client.post(url, {"name": "Dashboard", "scopes": ["rounds"]}).status_code == 409
    assert client.post(url, {"name": "", "scopes": []}).status_code == 422
    assert client.post(url, {"name": "Ander", "scopes": ["alles"]}).status_code == 422
    done = client.post(reverse("admissions:api-client-withdraw", args=[row.pk]))
    assert done.status_code == 302 and ApiClient.objects.get().withdrawn_by is not None
    assert (
        client.post(url, {"name": "Dashboard", "scopes": ["rounds"]}).status_code == 200
    )  # again, with a new one


def test_office_and_other_regions_make_and_withdraw_nothing():
    city = small_city()
    row, _token = make_client(city.year, name="Dashboard", scopes=["rounds"], actor=UserFactory())
    office = logged_in(region_user(city.year.region, Role.CENTRAL_OFFICE))
    assert office.post(address("api-client-list"), {"name": "x", "scopes": ["rounds"]}).status_code == 403
    assert office.post(reverse("admissions:api-client-withdraw", args=[row.pk])).status_code == 403
    with pytest.raises(ClientRefused):
        make_client(city.year, name="y", scopes=[], actor=UserFactory())


def test_the_manual_names_every_operation():
    page = Client().get("/api/").content.decode()
    assert all(
        word in page for word in ("statistics_list", "outcome_list", "/api/v1/regions/{region}/rounds/")
    )
    assert "/api/jobs" not in Client().get("/api/schema/?format=json").content.decode()


# The schema against the API


def test_schemathesis(monkeypatch: pytest.MonkeyPatch):
    """Every operation with good and bad input answers what the schema says; SCHEMATHESIS_EXAMPLES=500 looks further."""
    # The application puts its connection away after each request; here it is the one of this test's transaction.
    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(PublicRate, "THROTTLE_RATES", {"api_public": None})
    monkeypatch.setattr(SystemRate, "THROTTLE_RATES", {"api_system": None})
    city = played_city()
    publish(city)
    assert PublishedRound.objects.count() == 1
    headers = token_for(city, "rounds", "outcomes")
    known = {"region": city.year.region.slug, "year": city.year.code, "code": "ALM1"}
    schema = schemathesis.openapi.from_wsgi("/api/schema/?format=json", application)
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) == 5
    for operation in operations:

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(), real=st.booleans())
        def answers_as_promised(case: Any, real: bool) -> None:
            if real:
                case.path_parameters = {name: known[name] for name in case.path_parameters}
            case.call_and_validate(headers=headers)

        answers_as_promised()
