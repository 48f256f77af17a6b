"""Addresses of schools, boards and the region itself, below ``/programma/scholen/``."""

from django.urls import path

from admissions.views import programmes, regions, schools

urlpatterns = [
    path("nieuw/", schools.SchoolAddView.as_view(), name="school-add"),
    path("importeren/", schools.SchoolImportView.as_view(), name="school-import"),
    path("besturen/", schools.BoardListView.as_view(), name="board-list"),
    path("regio/", schools.RegionView.as_view(), name="region-edit"),
    path("regio/nieuw/", regions.RegionAddView.as_view(), name="region-add"),
    path("<slug:brin>/plaatsing/", programmes.ProgrammeListView.as_view(), name="programme-list"),
    path("<slug:brin>/plaatsing/<slug:programme>/", programmes.ProgrammeView.as_view(), name="programme"),
    path("<slug:brin>/wijzigen/", schools.SchoolChangeView.as_view(), name="school-change"),
]
