"""Addresses of the lottery app: the notary's desk, and what the public may download."""

from django.urls import path

from lottery import views, views_ceremony, views_record

app_name = "lottery"

urlpatterns = [
    path("zittingen/", views.SessionListView.as_view(), name="session-list"),
    path("zittingen/<str:name>/", views.SessionDetailView.as_view(), name="session-detail"),
    path("zittingen/<str:name>/stap/<slug:step>/", views_ceremony.StepView.as_view(), name="session-step"),
    path("zittingen/<str:name>/verslag/", views_record.BuildRecordView.as_view(), name="build-record"),
    path("zittingen/<str:name>/getekend/", views_record.SignedCopyView.as_view(), name="signed-copy"),
    path("zittingen/<str:name>/bestanden/<str:file>", views.SessionFileView.as_view(), name="session-file"),
    # Without logging in; these begin with the name of a region and come last.
    path("<slug:region>/lotingen/", views.PublicSessionsView.as_view(), name="public-sessions"),
    path("<slug:region>/lotingen/controleer.py", views.VerifierView.as_view(), name="verifier"),
    path("<slug:region>/lotingen/<str:name>/<str:file>", views.PublicFileView.as_view(), name="public-file"),
]
