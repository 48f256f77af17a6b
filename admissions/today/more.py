"""More of the start page of a school: care, its own draw, and days to check (DH-020, DH-171, DH-176)."""

import re
from datetime import date, time

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from admissions.case_enums import LIVE_CASES
from admissions.enums import CareState, CaseKind
from admissions.models import Application, CareCase, CareDay, Case
from admissions.selectors.school import SchoolView
from admissions.today.tasks import Task
from notifications.services.template_approval import waiting_versions
from schools.enums import DrawMode, RoundState
from schools.models import SchoolRound, local_moment

NUMBER = re.compile(r"[0-9A-Z]{8}")  # registration numbers in the subject of a case


def _care_url(view: SchoolView, query: str = "") -> str:
    return reverse("admissions:care-list", args=[view.school.brin]) + query


def care_tasks(view: SchoolView) -> list[Task]:
    """Appointments to make, letters to write, days to put in the diaries; nothing without the right to see care."""
    if not view.sees_care:
        return []
    own = CareCase.objects.filter(
        application__year=view.year, application__first_choice__programme__school=view.school
    )
    counts = own.aggregate(
        first=Count(
            "pk",
            filter=Q(state__in=[CareState.REQUESTED, CareState.SIGNALLED], appointment_made_at__isnull=True),
        ),
        letters=Count("pk", filter=Q(state=CareState.DUTY_YES)),
        sent_on=Min("application__first_choice__round__offers_on", filter=Q(state=CareState.DUTY_YES)),
    )
    tasks = []
    if counts["first"]:
        n = {"n": counts["first"]}
        tasks.append(
            Task(
                "heart",
                ngettext(
                    "%(n)d care wish without an appointment",
                    "%(n)d care wishes without an appointment",
                    n["n"],
                )
                % n,
                gettext("Make an appointment with the parents at once, and call the programme manager."),
                view.today,
                _care_url(view, "?tab=open"),
                pgettext("button", "Open"),
                ngettext("Make %(n)d appointment about care", "Make %(n)d appointments about care", n["n"])
                % n,
            )
        )
    if counts["letters"] and view.sees_all:
        n = {"n": counts["letters"]}
        tasks.append(
            Task(
                "heart",
                ngettext("%(n)d care letter to write", "%(n)d care letters to write", n["n"]) % n,
                gettext("The programme manager reads it before it can be sent."),
                counts["sent_on"],
                _care_url(view, "?tab=letter"),
                pgettext("button", "Write"),
                ngettext("Write %(n)d care letter", "Write %(n)d care letters", n["n"]) % n,
            )
        )
    days = CareDay.objects.filter(
        school_round__programme__school=view.school,
        school_round__round__year=view.year,
        in_diaries_at__isnull=True,
        day__gte=view.today,
    ).aggregate(n=Count("pk"), first=Min("day"))
    if days["n"]:
        tasks.append(
            Task(
                "clock",
                ngettext("%(n)d day for meetings to check", "%(n)d days for meetings to check", days["n"])
                % days,
                gettext("Look whether it stands in the diaries of everybody who must be there."),
                days["first"],
                _care_url(view, "#dagen"),
                pgettext("button", "Look"),
                ngettext("Check %(n)d day for meetings", "Check %(n)d days for meetings", days["n"]) % days,
            )
        )
    return tasks


def report_tasks(view: SchoolView) -> list[Task]:
    """What the programme manager looks into about a child of this school: its date of birth, or two forms (Q-08).

    The other school of a double application is not named. One query, and one more when there is something.
    """
    if not view.sees_all:
        return []
    reports = Case.objects.filter(
        year=view.year, kind__in=(CaseKind.DUPLICATE, CaseKind.BIRTH_DATE), state__in=LIVE_CASES
    ).values_list("kind", "about")
    kinds = {number: kind for kind, about in reports for number in NUMBER.findall(about)}
    if not kinds:
        return []
    own = Application.objects.filter(
        year=view.year, first_choice__programme__school=view.school, registration_number__in=kinds
    ).order_by("pk")
    tasks = []
    for number in own.values_list("registration_number", flat=True):
        is_double = kinds[number] == CaseKind.DUPLICATE
        title = (
            gettext("%(number)s looks like a second form of one child")
            if is_double
            else gettext("The date of birth of %(number)s has been reported")
        )
        tasks.append(
            Task(
                "flag",
                title % {"number": number},
                gettext("Call the programme office: it says which of the two counts.")
                if is_double
                else gettext("The programme manager looks at it. Have the copy of the parents ready."),
                None,
                reverse("admissions:application-detail", args=[view.school.brin, number]),
                pgettext("button", "Look"),
                title % {"number": number},
            )
        )
    return tasks


def draw_tasks(view: SchoolView) -> list[Task]:
    """A school that draws by itself has decisions to take between the lock and the freeze (DH-074, DH-086)."""
    if not view.sees_all:
        return []
    rounds = {r.pk: r for r in view.rounds if r.state == RoundState.LOCKED}
    if not rounds:
        return []
    row = SchoolRound.objects.filter(
        programme__school=view.school,
        round_id__in=list(rounds),
        draw_mode=DrawMode.MANUAL,
        ceiling__isnull=False,
        is_ready=False,
    ).first()
    if row is None:
        return []
    until = _before_freeze(rounds[row.round_id].central_matching_on)
    moment = local_moment(until, time(23, 59)) if until else None
    return [
        Task(
            "flag",
            gettext("Your own draw is not finished"),
            gettext("Decide about every form, draw if that is needed, and say that you are ready."),
            moment,
            reverse("admissions:school-decisions", args=[view.school.brin]),
            pgettext("button", "Decide"),
            gettext("Finish the draw of your school"),
            is_late=moment is not None and moment < view.now,
        )
    ]


def _before_freeze(draw_on: date | None) -> date | None:
    return date.fromordinal(draw_on.toordinal() - 2) if draw_on else None


def letter_tasks(view: SchoolView) -> list[Task]:
    """Letters that the administrator changed and that are not sent before the director approves them (section 1)."""
    waiting = waiting_versions(view.school)
    if not waiting:
        return []
    n = {"n": len(waiting)}
    sending = min(
        (r.offers_on for r in view.rounds if r.offers_on and r.offers_on >= view.today), default=None
    )
    return [
        Task(
            "mail",
            ngettext("%(n)d letter to approve", "%(n)d letters to approve", n["n"]) % n,
            gettext("A changed letter is not sent before you approve it."),
            sending,
            reverse("admissions:letter-edit", args=[view.school.brin, waiting[0].code])
            if len(waiting) == 1
            else reverse("admissions:letter-list", args=[view.school.brin]),
            pgettext("button", "Look"),
            ngettext("Approve %(n)d changed letter", "Approve %(n)d changed letters", n["n"]) % n,
        )
    ]
