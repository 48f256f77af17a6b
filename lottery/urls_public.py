"""Addresses that belong to no region: the page on which everybody checks a draw."""

from django.urls import path

from lottery import views_check

app_name = "check"

urlpatterns = [
    path("controleer/", views_check.check, name="page"),
    path("controleer/controleer-zelf.zip", views_check.take_home, name="take-home"),
]
