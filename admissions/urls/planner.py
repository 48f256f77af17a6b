"""Addresses of the year planner, below ``/programma/kalender/``."""

from django.urls import path

from admissions.views import planner, year_copy

urlpatterns = [
    path("", planner.PlannerView.as_view(), name="planner"),
    path("bestand/", planner.CalendarFileView.as_view(), name="planner-file"),
    path("kopie/", year_copy.YearCopyView.as_view(), name="planner-copy"),
    path("kopie/plafonds/", year_copy.PlannedSchoolView.as_view(), name="planner-copy-school"),
    path("kopie/<str:code>/", year_copy.PlannedRoundView.as_view(), name="planner-copy-round"),
    path("<str:code>/", planner.RoundDatesView.as_view(), name="planner-round"),
]
