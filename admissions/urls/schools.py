"""Addresses of schools, boards and the region itself, below ``/programma/scholen/``."""

from django.urls import path

from admissions.views import schools

urlpatterns = [
    path("nieuw/", schools.SchoolAddView.as_view(), name="school-add"),
    path("importeren/", schools.SchoolImportView.as_view(), name="school-import"),
    path("besturen/", schools.BoardListView.as_view(), name="board-list"),
    path("regio/", schools.RegionView.as_view(), name="region-edit"),
    path("<slug:brin>/wijzigen/", schools.SchoolChangeView.as_view(), name="school-change"),
]
