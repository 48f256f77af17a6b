"""The way in, and the manuals."""

from django.urls import include, path

from schools import views

help_patterns = [
    path("", views.help_index, name="index"),
    path("<slug:topic>/", views.help_topic, name="topic"),
]

urlpatterns = [
    path("", views.home, name="home"),
    path("account/sessies/", views.own_sessions, name="own-sessions"),
    path("account/werkplek/", views.own_places, name="own-places"),
    path("<slug:region>/agenda/<slug:audience>.ics", views.agenda, name="agenda"),
    path("help/", include((help_patterns, "help"))),
]
