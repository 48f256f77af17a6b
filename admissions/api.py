"""Progress of long work for other systems, and below it the read-only API with its schema."""

from django.db.models import QuerySet
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView
from rest_framework import generics, permissions, serializers
from rest_framework.request import Request
from rest_framework.views import APIView

from admissions.api_v1.docs import api_page, swagger_page
from schools.access import memberships_of
from schools.enums import Role
from schools.models import Job

app_name = "api"


class WorksInOffice(permissions.BasePermission):
    """Programme manager or central office somewhere; which rows, the query decides."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(office_regions(request))


def office_regions(request: Request) -> list[int]:
    """Regions in which the user of this request works in the office."""
    office = (Role.PROGRAMME_MANAGER, Role.CENTRAL_OFFICE)
    return [m.region_id for m in memberships_of(request.user) if m.role in office and m.region_id is not None]


class JobSerializer(serializers.ModelSerializer[Job]):
    """What is running and how far it is; no names."""

    class Meta:
        model = Job
        fields = (
            "id",
            "kind",
            "key",
            "state",
            "step",
            "done",
            "total",
            "message",
            "requested_at",
            "finished_at",
        )


class JobDetail(generics.RetrieveAPIView[Job]):
    """``GET /api/jobs/<id>/``; a job of another region is 404."""

    serializer_class = JobSerializer
    permission_classes = (permissions.IsAuthenticated, WorksInOffice)

    def get_queryset(self) -> QuerySet[Job]:
        return Job.objects.filter(year__region__in=office_regions(self.request))


urlpatterns = [
    path("jobs/<int:pk>/", JobDetail.as_view(), name="job"),
    path("", api_page, name="docs"),
    path("swagger/", swagger_page, name="swagger"),
    path("schema/", SpectacularAPIView.as_view(), name="schema"),
    path("v1/", include("admissions.api_v1.urls")),
]
