"""What load balancers and containers ask."""

import pytest
from django.db import connection
from django.test import Client, override_settings

from config.health import HealthMiddleware

NO_CACHE = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}


def test_alive_without_a_known_host_name_and_without_database(client: Client):
    answer = client.get("/healthz", headers={"host": "10.0.0.7"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
@override_settings(SECURE_SSL_REDIRECT=True)
def test_ready_also_over_plain_http(client: Client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": True, "migrations": True, "cache": True})


@pytest.mark.django_db
@override_settings(CACHES=NO_CACHE)
def test_not_ready_when_the_cache_forgets(client: Client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"database": True, "migrations": True, "cache": False},
    )


@pytest.mark.django_db
def test_not_ready_until_migrated_and_then_ready_without_a_restart(rf):
    health = HealthMiddleware(lambda request: None)
    with connection.cursor() as cursor:
        cursor.execute("SELECT name, applied FROM django_migrations WHERE app = 'sessions'")
        rows = cursor.fetchall()
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
        before = health(rf.get("/readyz")).status_code
        for row in rows:
            cursor.execute(
                "INSERT INTO django_migrations (app, name, applied) VALUES ('sessions', %s, %s)", row
            )
    assert (before, health(rf.get("/readyz")).status_code) == (503, 200)


def test_not_ready_when_the_database_is_away(client: Client):
    """Outside a database test every query is refused, as it is when the server does not answer."""
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"database": False, "migrations": False, "cache": True},
    )
