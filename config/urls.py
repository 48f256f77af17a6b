"""Every address of the site. Public pages of a region live under /<region>/ and therefore come last."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("taal/", login_not_required(set_language), name="set_language"),
    path("api/", include("admissions.api")),
    path("", include("notifications.urls")),
    path("", include("lottery.urls_public")),
    path("", include("admissions.urls")),
    path("", include("schools.urls")),
    path("", include("lottery.urls")),
]
