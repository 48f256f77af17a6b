"""Answers for load balancers and containers: /healthz (alive) and /readyz (can do its work)."""

from collections.abc import Callable

from django.core.cache import cache
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


class HealthMiddleware:
    """Answer the two health addresses before anything else looks at the request.

    A probe knows neither our host name nor HTTPS, so it must come before the checks of both. The answers hold
    no details: they are open to everybody.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.schema_is_current = False

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return HttpResponse("ok\n", content_type="text/plain")
        if request.path == "/readyz":
            return self.readiness()
        return self.get_response(request)

    def readiness(self) -> HttpResponse:
        """200 when database, migrations and cache are fit for use, otherwise 503; says which one is not."""
        answers = {name: _passes(check) for name, check in self.checks().items()}
        return JsonResponse(answers, status=200 if all(answers.values()) else 503)

    def checks(self) -> dict[str, Callable[[], bool]]:
        return {
            "database": _database_answers,
            "migrations": self._migrations_applied,
            "cache": _cache_answers,
        }

    def _migrations_applied(self) -> bool:
        # Reading the migration graph takes a tenth of a second, and what is applied stays applied.
        if not self.schema_is_current:
            executor = MigrationExecutor(connection)
            self.schema_is_current = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return self.schema_is_current


def _passes(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except Exception:  # whatever a driver raises, the answer is: not ready
        return False


def _database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone() == (1,)


def _cache_answers() -> bool:
    cache.set("readyz", "yes", timeout=60)
    return cache.get("readyz") == "yes"
