"""Addresses of the lottery app: the notary's desk, and what the public may download."""

from django.urls import path

from lottery.views import ceremony, desk, public, record

app_name = "lottery"

urlpatterns = [
    path("zittingen/", desk.SessionListView.as_view(), name="session-list"),
    path("zittingen/<str:name>/", desk.SessionDetailView.as_view(), name="session-detail"),
    path("zittingen/<str:name>/stap/<slug:step>/", ceremony.StepView.as_view(), name="session-step"),
    path("zittingen/<str:name>/verslag/", record.BuildRecordView.as_view(), name="build-record"),
    path("zittingen/<str:name>/getekend/", record.SignedCopyView.as_view(), name="signed-copy"),
    path("zittingen/<str:name>/bestanden/<str:file>", desk.SessionFileView.as_view(), name="session-file"),
    # Without logging in; these begin with the name of a region and come last.
    path("<slug:region>/lotingen/", public.PublicSessionsView.as_view(), name="public-sessions"),
    path("<slug:region>/lotingen/controleer.py", public.VerifierView.as_view(), name="verifier"),
    path("<slug:region>/lotingen/<str:name>/<str:file>", public.PublicFileView.as_view(), name="public-file"),
]
