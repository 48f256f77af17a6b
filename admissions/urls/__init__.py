"""Addresses of the admissions app: ``/school/<brin>/`` for a school; each kind of user has a list of its own."""

from django.urls import include, path

from admissions.views import desk, exceptions, figures, paper_form, round_report, sheets
from admissions.views.draw_room import VoidView
from admissions.views.repairs import RepairView

app_name = "admissions"

urlpatterns = [
    path("school/<slug:brin>/", include("admissions.urls.school")),
    path("programma/kalender/", include("admissions.urls.planner")),
    path("programma/mensen/", include("admissions.urls.people")),
    path("programma/scholen/", include("admissions.urls.schools")),
    path("loket/", desk.TicketListView.as_view(), name="ticket-list"),
    path("loket/vraag/<int:pk>/", desk.TicketView.as_view(), name="ticket"),
    path("loket/zoeken/", desk.DeskCaseView.as_view(), name="desk-case"),
    path("loket/scholen/", desk.DeskSchoolsView.as_view(), name="desk-schools"),
    path("programma/", include("admissions.urls.office")),
    # Public, below the name of a region: after every address that begins with a word of its own.
    path("<slug:region>/vragen/", desk.QuestionsView.as_view(), name="questions"),
    path("<slug:region>/vragen/stellen/", desk.AskView.as_view(), name="ask"),
    path("<slug:region>/cijfers/", figures.PublicFiguresView.as_view(), name="public-figures"),
    path(
        "<slug:region>/uitzonderingen/", exceptions.PublicExceptionsView.as_view(), name="public-exceptions"
    ),
    path("<slug:region>/aanmeldformulier/", paper_form.PaperFormView.as_view(), name="paper-form"),
    path(
        "<slug:region>/aanmeldformulier/leeg.pdf",
        paper_form.PaperFormPdfView.as_view(),
        name="paper-form-pdf",
    ),
    path("<slug:region>/scholen/", figures.SchoolFinderView.as_view(), name="school-finder"),
    # For families, without an account; the code is never logged (config.middleware).
    path("mijn-loting/", sheets.SheetStartView.as_view(), name="sheet-start"),
    path("mijn-loting/<str:token>/", sheets.SheetView.as_view(), name="sheet"),
    path("mijn-loting/<str:token>/blad.pdf", sheets.SheetPdfView.as_view(), name="sheet-pdf"),
    # Managers before the lock, the notary after it: no page of the office alone.
    path("herstel/<int:pk>/", RepairView.as_view(), name="repair"),
    path("zittingen/<str:name>/vervallen/", VoidView.as_view(), name="draw-void"),
    # For everybody, below the name of a region; before the files of the same session.
    path(
        "<slug:region>/lotingen/<str:name>/rapport/",
        round_report.PublicReportView.as_view(),
        name="public-report",
    ),
    path(
        "<slug:region>/lotingen/<str:name>/rapport.pdf",
        round_report.PublicReportPdfView.as_view(),
        name="public-report-pdf",
    ),
    path(
        "<slug:region>/lotingen/<str:name>/rapport.csv",
        round_report.PublicReportCsvView.as_view(),
        name="public-report-csv",
    ),
]
