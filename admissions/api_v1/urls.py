"""Addresses below ``/api/v1/``."""

from django.urls import path, re_path

from admissions.api_v1 import views

urlpatterns = [
    path("regions/<slug:region>/statistics/", views.StatisticsList.as_view(), name="statistics"),
    path(
        "regions/<slug:region>/statistics/<str:year>/<str:code>/",
        views.StatisticsDetail.as_view(),
        name="statistics-round",
    ),
    path("regions/<slug:region>/rounds/", views.RoundList.as_view(), name="rounds"),
    path("regions/<slug:region>/rounds/<str:year>/<str:code>/", views.RoundDetail.as_view(), name="round"),
    path(
        "regions/<slug:region>/rounds/<str:year>/<str:code>/outcomes/",
        views.OutcomeList.as_view(),
        name="outcomes",
    ),
    re_path("", views.Nothing.as_view(), name="nothing"),
]
