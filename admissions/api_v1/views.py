"""The endpoints: lists and details of published figures, and of rounds and outcomes for a system with a token."""

from typing import Any, ClassVar

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from admissions.api_v1 import serializers as shapes
from admissions.api_v1.protocol import (
    PROBLEM,
    AlwaysJson,
    HasScope,
    Pages,
    PublicRate,
    SystemRate,
    TokenOfSystem,
)
from admissions.enums import ApiScope
from admissions.models import PublishedRound
from admissions.selectors.figures import round_facts
from admissions.services.explaining.exports import result_rows
from admissions.texts.figures import indication
from lottery.selectors import families_know
from schools import clock
from schools.models import Region, Round

SIGNS = r"^[-0-9A-Za-z_]+$"
BAD = {
    status: OpenApiResponse(shapes.ProblemSerializer)
    for status in ((404, PROBLEM), (405, PROBLEM), (429, PROBLEM))
}
BAD_TOKEN = BAD | {
    status: OpenApiResponse(shapes.ProblemSerializer) for status in ((401, PROBLEM), (403, PROBLEM))
}


def part(name: str, words: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, {"type": "string", "minLength": 1}, OpenApiParameter.PATH, description=words
    )


REGION = part("region", "Short name of the region in its address")
YEAR = part("year", "Code of the year, such as 2023-2024")
ROUND = part("code", "Code of the round, such as ALM1")


class ApiPage(GenericAPIView[Any]):
    """Reading only; one form of answer."""

    http_method_names = ["get", "head", "options"]
    content_negotiation_class = AlwaysJson
    pagination_class: Any = Pages
    parser_classes = ()
    filter_backends = ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if any("\0" in value for value in kwargs.values()):  # PostgreSQL knows no such text
            raise Http404

    def paged(self, rows: Any) -> Response:
        page = self.paginate_queryset(rows)
        assert page is not None
        return self.get_paginated_response(self.get_serializer(page, many=True).data)


class PublicPage(ApiPage):
    """For everybody; what was not published is not found (DH-161)."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PublicRate,)

    def published(self) -> Any:
        region = get_object_or_404(Region, slug=self.kwargs["region"])
        return PublishedRound.objects.filter(region=region).order_by("-year_code", "position", "pk")


class StatisticsList(PublicPage):
    """Published rounds of a region, the newest year first."""

    serializer_class = shapes.PublishedRoundSerializer

    @extend_schema(
        operation_id="statistics_list",
        tags=["public"],
        auth=[],
        parameters=[REGION, OpenApiParameter("year", OpenApiTypes.STR, description="Only this year")],
        responses={200: shapes.PublishedRoundSerializer(many=True)} | BAD,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.published()
        if year := request.query_params.get("year", ""):
            rows = rows.filter(year_code=year) if "\0" not in year else rows.none()
        page = self.paginate_queryset(rows) or []
        facts = [round_facts(one, with_schools=False) for one in page]
        return self.get_paginated_response(self.get_serializer(facts, many=True).data)


class StatisticsDetail(PublicPage):
    """One published round with its schools."""

    serializer_class = shapes.PublishedRoundDetailSerializer
    pagination_class = None

    @extend_schema(
        operation_id="statistics_detail",
        tags=["public"],
        auth=[],
        parameters=[REGION, YEAR, ROUND],
        responses={200: shapes.PublishedRoundDetailSerializer} | BAD,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        rows = self.published().filter(year_code=kwargs["year"], round_code=kwargs["code"])
        one = get_object_or_404(rows.prefetch_related("schools"))
        return Response(self.get_serializer(round_facts(one) | {"note": indication()}).data)


class SystemPage(ApiPage):
    """For a system with a token, about its own region; another region is not found."""

    authentication_classes = (TokenOfSystem,)
    permission_classes = (HasScope,)
    throttle_classes = (SystemRate,)
    scope: ClassVar[ApiScope]

    def rounds(self) -> Any:
        client: Any = self.request.auth
        if client.region.slug != self.kwargs["region"]:
            raise Http404
        rows = Round.objects.filter(year__region=client.region, year__is_planned=False)
        return rows.select_related("year").order_by("-year__starts_on", "position", "pk")

    def round(self) -> Round:
        found: Round = get_object_or_404(
            self.rounds(), year__code=self.kwargs["year"], code=self.kwargs["code"]
        )
        return found


def round_of(row: Round) -> dict[str, Any]:
    names = ("code", "kind", "state", "parents_from", "parents_until", "central_matching_on", "offers_on")
    return {"year": row.year.code} | {name: getattr(row, name) for name in names}


class RoundList(SystemPage):
    """The rounds of the region with their dates and states."""

    scope = ApiScope.ROUNDS
    serializer_class = shapes.RoundSerializer

    @extend_schema(
        operation_id="round_list",
        tags=["systems"],
        parameters=[REGION],
        responses={200: shapes.RoundSerializer(many=True)} | BAD_TOKEN,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        page = self.paginate_queryset(self.rounds()) or []
        return self.get_paginated_response(
            self.get_serializer([round_of(row) for row in page], many=True).data
        )


class RoundDetail(SystemPage):
    """One round with the ceiling of every school."""

    scope = ApiScope.ROUNDS
    serializer_class = shapes.RoundDetailSerializer
    pagination_class = None

    @extend_schema(
        operation_id="round_detail",
        tags=["systems"],
        parameters=[REGION, YEAR, ROUND],
        responses={200: shapes.RoundDetailSerializer} | BAD_TOKEN,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.round()
        seats = row.school_rounds.order_by("programme__code").values_list(
            "programme__code", "programme__name", "ceiling"
        )
        schools = [{"brin": code, "name": name, "ceiling": ceiling} for code, name, ceiling in seats]
        return Response(self.get_serializer(round_of(row) | {"schools": schools}).data)


class OutcomeList(SystemPage):
    """What a round decided per application, from the moment all families know; by registration number, no names.

    Who is in the care route counts as ``unplaced`` (DH-180).
    """

    scope = ApiScope.OUTCOMES
    serializer_class = shapes.OutcomeSerializer

    @extend_schema(
        operation_id="outcome_list",
        tags=["systems"],
        parameters=[REGION, YEAR, ROUND],
        responses={200: shapes.OutcomeSerializer(many=True)} | BAD_TOKEN,
    )
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.round()
        if not families_know(row, now=clock.now(row.year)):
            raise exceptions.NotFound(_("The families have not heard the outcome of this round yet."))
        return self.paged([outcome_of(cells) for cells in result_rows(row)])


def outcome_of(cells: Any) -> dict[str, Any]:
    _reference, number, _draw_number, outcome, brin, rank, *_rest = cells
    return {
        "registration_number": number,
        "outcome": "unplaced" if outcome == "care_follow_up" else outcome,
        "brin": brin or "",
        "preference_rank": rank or None,
    }


@extend_schema(exclude=True)
class Nothing(APIView):
    """Any other address below ``/api/v1/``: not found, in the form of the API."""

    authentication_classes = ()
    permission_classes = ()
    throttle_classes = (PublicRate,)
    content_negotiation_class = AlwaysJson

    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        raise Http404
