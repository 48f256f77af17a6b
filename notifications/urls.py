"""Addresses of messages: the personal link to a letter, and where the mail provider reports."""

from django.urls import path

from notifications import views

app_name = "notifications"

urlpatterns = [
    path("brief/<str:key>/", views.LetterLinkView.as_view(), name="letter-link"),
    path("mail/<slug:provider>/tracking/", views.tracking, name="tracking"),
]
