"""Pages of no app in particular: the way in, and the manuals."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from schools.context import build
from schools.models import AdmissionYear, Event, Region, local_moment
from schools.services.agenda import AUDIENCES, agenda_of
from schools.services.own_sessions import end_own_session, sessions_of
from schools.workplaces import choose_region, workplaces_of

# (address, title, template); in the order in which somebody needs them.
HELP_TOPICS = [
    ("inloggen", _("Logging in"), "help/logging_in.html"),
    ("dag-van-de-school", _("A day at the school"), "help/school_day.html"),
    ("formulieren", _("Forms"), "help/forms.html"),
    ("loting", _("How the draw works"), "help/draw.html"),
    ("besluiten", _("Decisions and drawing yourself"), "help/decisions.html"),
    ("zorg", _("The care route"), "help/care.html"),
    ("toegelaten", _("Admitted children and replies"), "help/admitted.html"),
    ("verhuizen", _("Moving house"), "help/moving.html"),
    ("zaken", _("Cases and exceptions"), "help/cases.html"),
    ("instellingen", _("Settings of the school"), "help/settings.html"),
    ("plaatsen", _("Where places go"), "help/places.html"),
    ("programmabureau", _("The programme office: rounds and draws"), "help/office.html"),
    ("vovp", _("Open and freed places: the VOVP"), "help/vovp.html"),
    ("loketten", _("The support desks"), "help/desks.html"),
    ("notaris", _("The notary"), "help/notary.html"),
]


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """To the start page of the role; who has no role yet reads whom to ask."""
    nav = build(request)
    if nav.home != request.path:
        return redirect(nav.home)
    return render(request, "home_without_role.html")


@require_http_methods(["GET", "HEAD", "POST"])
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Where the own account is logged in, and logging one of them out."""
    user: Any = request.user
    if request.method == "POST":
        if end_own_session(user, request.POST.get("session", "")):
            messages.success(request, gettext("That session has been logged out."))
        else:
            messages.info(request, gettext("That session is no longer there."))
        return redirect("own-sessions")
    context = {
        "sessions": sessions_of(user, this=request.session.session_key),
        "unknown": gettext("Unknown device"),
    }
    return render(request, "account/sessions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def own_places(request: HttpRequest) -> HttpResponse:
    """The regions and schools of the own account, and choosing the region to work for."""
    if request.method == "POST":
        if choose_region(request, request.POST.get("region", "")):
            return redirect("home")
        messages.error(request, gettext("You have no role in that region. Choose another."))
        return redirect("own-places")
    return render(request, "account/places.html", {"places": workplaces_of(request)})


@login_not_required
@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    return render(request, "help/index.html", {"topics": HELP_TOPICS})


@login_not_required
@require_safe
def help_topic(request: HttpRequest, topic: str) -> HttpResponse:
    for address, title, template in HELP_TOPICS:
        if address == topic:
            context: dict[str, Any] = {"title": title, "topics": HELP_TOPICS, "topic": topic}
            return render(request, template, context)
    raise Http404


@login_not_required
@require_safe
def agenda(request: HttpRequest, region: str, audience: str) -> HttpResponse:
    """The published dates of the newest year as a feed that a phone or computer keeps up to date."""
    if audience not in AUDIENCES:
        raise Http404
    years = AdmissionYear.objects.filter(
        region=get_object_or_404(Region, slug=region), is_planned=False
    ).select_related("region")
    year = years.order_by("-starts_on", "-pk").first()
    if year is None:
        raise Http404
    changed = Event.objects.filter(year=year, kind="date_changed").order_by("-sequence").first()
    changed_at = changed.recorded_at if changed else local_moment(year.starts_on)
    response = HttpResponse(
        agenda_of(year, audience, changed_at=changed_at), content_type="text/calendar; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'inline; filename="{year.code}-{audience}.ics"'
    return response
