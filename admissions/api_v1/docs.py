"""The manual of the API: the schema itself, a plain page made from it that needs no script, and Swagger UI."""

from functools import cache
from typing import Any

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

VERSION_1 = "/api/v1/"


def only_version_1(endpoints: list[Any]) -> list[Any]:
    """The addresses for our own pages are no part of what is promised."""
    return [row for row in endpoints if row[0].startswith(VERSION_1)]


@cache
def operations() -> list[dict[str, Any]]:
    """Every operation of the schema in order, for the page."""
    schema: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found = []
    for path, item in schema["paths"].items():
        operation = item["get"]
        shape = next(iter(operation["responses"]["200"]["content"].values()))["schema"]["$ref"].rsplit("/")[
            -1
        ]
        fields = schema["components"]["schemas"][shape]["properties"]
        if "results" in fields:
            shape = fields["results"]["items"]["$ref"].rsplit("/")[-1]
            fields = schema["components"]["schemas"][shape]["properties"]
        found.append(
            {
                "path": path,
                "id": operation["operationId"],
                "words": operation.get("description", ""),
                "needs_token": bool(operation.get("security") and {} not in operation["security"]),
                "parameters": operation.get("parameters", []),
                "answers": sorted(operation["responses"]),
                "fields": [
                    (name, said.get("type", ""), said.get("description", "")) for name, said in fields.items()
                ],
            }
        )
    return found


@login_not_required
@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    return render(request, "admissions/api.html", {"operations": operations()})


@login_not_required
@require_safe
@csp_update({"img-src": ["data:"]})  # its style sheet holds its own icons
def swagger_page(request: HttpRequest) -> HttpResponse:
    """Swagger UI on the schema, from our own server; without script it points to the plain page."""
    return render(request, "admissions/api_swagger.html")
