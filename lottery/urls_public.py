"""Addresses that belong to no region: the page on which everybody checks a draw."""

from django.urls import path

from lottery.views import check

app_name = "check"

urlpatterns = [
    path("controleer/", check.check, name="page"),
    path("controleer/controleer-zelf.zip", check.take_home, name="take-home"),
]
