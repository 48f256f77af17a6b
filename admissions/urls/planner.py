"""Addresses of the year planner, below ``/programma/kalender/``."""

from django.urls import path

from admissions.views import planner

urlpatterns = [
    path("", planner.PlannerView.as_view(), name="planner"),
    path("bestand/", planner.CalendarFileView.as_view(), name="planner-file"),
    path("<str:code>/", planner.RoundDatesView.as_view(), name="planner-round"),
]
