"""Addresses of people and roles, below ``/programma/mensen/``."""

from django.urls import path

from admissions.views import people

urlpatterns = [
    path("", people.MemberListView.as_view(), name="member-list"),
    path("nieuw/", people.MemberAddView.as_view(), name="member-add"),
    path("importeren/", people.MemberImportView.as_view(), name="member-import"),
    path("<int:pk>/", people.MemberView.as_view(), name="member"),
]
