"""More of the start page of a school: care, its own draw, and days to check (DH-020, DH-171, DH-176)."""

import re
from datetime import date, timedelta

from django.db.models import Count, Min, Q
from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from admissions.case_enums import LIVE_CASES
from admissions.enums import OPEN_CARE_STATES, CareState, CaseKind
from admissions.models import Application, CareDay, Case
from admissions.selectors.care import care_of_school
from admissions.selectors.delivery import unsent_letters
from admissions.selectors.school import SchoolView
from admissions.today.tasks import Task, last_minute
from notifications.services.template_approval import waiting_versions
from schools.context import round_name
from schools.enums import BEFORE_LOCK_STATES, DrawMode, RoundKind, RoundState
from schools.models import SchoolRound
from schools.services.confirmations import rules_confirmation

CONFIRM_DAYS = 30  # before the first application period: the rules can still be changed then
NUMBER = re.compile(r"[0-9A-Z]{8}")  # registration numbers in the subject of a case


def _care_url(view: SchoolView, query: str = "") -> str:
    return reverse("admissions:care-list", args=[view.school.brin]) + query


def care_tasks(view: SchoolView) -> list[Task]:
    """Appointments to make, letters to write, days to put in the diaries; nothing without the right to see care."""
    if not view.sees_care:
        return []
    is_new = Q(care_case__state__in=[CareState.REQUESTED, CareState.SIGNALLED])
    has_appointment = Q(care_case__appointment_made_at__isnull=False)
    is_open = Q(care_case__state__in=sorted(OPEN_CARE_STATES))
    to_write = Q(care_case__state=CareState.DUTY_YES)
    # Written, and no longer with the programme manager: it came back with remarks (DH-176).
    came_back = Q(care_case__state=CareState.LETTER_DRAFT, waits_for_manager=False)
    sent_on = "first_choice__round__offers_on"
    counts = care_of_school(view).aggregate(
        first=Count("pk", filter=is_new & ~has_appointment),
        told=Count(
            "pk",
            filter=is_open & (has_appointment | ~is_new) & Q(care_case__manager_told_at__isnull=True),
        ),
        letters=Count("pk", filter=to_write),
        sent_on=Min(sent_on, filter=to_write),
        back=Count("pk", filter=came_back),
        back_on=Min(sent_on, filter=came_back),
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
    if counts["told"]:
        n = {"n": counts["told"]}
        tasks.append(
            Task(
                "phone",
                ngettext(
                    "The programme manager does not know about %(n)d care wish",
                    "The programme manager does not know about %(n)d care wishes",
                    n["n"],
                )
                % n,
                gettext("Call the programme manager, then tick it."),
                view.today,
                _care_url(view, "?tab=open"),
                pgettext("button", "Open"),
                ngettext(
                    "Call the programme manager about %(n)d care wish",
                    "Call the programme manager about %(n)d care wishes",
                    n["n"],
                )
                % n,
            )
        )
    if counts["back"] and view.sees_all:
        n = {"n": counts["back"]}
        tasks.append(
            Task(
                "heart",
                ngettext("%(n)d care letter came back", "%(n)d care letters came back", n["n"]) % n,
                gettext("The programme manager wrote what must be changed."),
                counts["back_on"],
                _care_url(view, "?tab=letter"),
                pgettext("button", "Change"),
                ngettext("Change %(n)d care letter", "Change %(n)d care letters", n["n"]) % n,
                is_late=_has_passed(counts["back_on"], view),
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
                is_late=_has_passed(counts["sent_on"], view),
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


def _has_passed(day: date | None, view: SchoolView) -> bool:
    return day is not None and day < view.today


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
    moment = last_minute(rounds[row.round_id].last_day_before_freeze)
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


def sending_tasks(view: SchoolView, *, may_reply: bool) -> list[Task]:
    """Letters that the school has not marked ready, or not sent although the sending day has come (Q-48, DH-116).

    What is marked ready leaves by itself: then there is nothing to do.
    """
    tasks = []
    for row in unsent_letters(view):
        words = {"n": row.number, "round": round_name(row.round)}
        if row.is_open:
            title = ngettext(
                "%(n)d letter of %(round)s has not gone out",
                "%(n)d letters of %(round)s have not gone out",
                row.number,
            )
            text = gettext("The sending day has come. What was not ready in time you send yourself.")
        else:
            title = ngettext(
                "%(n)d letter of %(round)s to mark ready",
                "%(n)d letters of %(round)s to mark ready",
                row.number,
            )
            text = gettext("All parents hear the result on the same day. Say nothing before that day.")
        url = reverse("admissions:school-letters", args=[view.school.brin])
        if not may_reply:
            url = reverse("admissions:admitted-list", args=[view.school.brin]) + "?tab=reserved"
        tasks.append(
            Task(
                "mail",
                title % words,
                text,
                row.round.offers_on,
                url,
                pgettext("button", "Look"),
                title % words,
                is_late=row.is_open,
            )
        )
    return tasks


def rules_tasks(view: SchoolView) -> list[Task]:
    """The yearly confirmation of the rules and their order, asked while they can still be changed (DH-012, Q-50)."""
    coming = [
        r
        for r in view.rounds
        if r.kind == RoundKind.ALM and r.state in (*BEFORE_LOCK_STATES, RoundState.LOCKED)
    ]
    first = coming[0] if coming else None
    opens = first.parents_from if first else None
    if first is None or opens is None:
        return []
    if first.state == RoundState.PLANNED and (opens - view.today).days > CONFIRM_DAYS:
        return []
    row = (
        SchoolRound.objects.filter(round=first, programme__school=view.school, ceiling__isnull=False)
        .select_related("programme")
        .first()
    )
    if row is None or rules_confirmation(view.year, row.programme) is not None:
        return []
    can_change = first.position == 1 and first.state == RoundState.PLANNED
    until = last_minute(opens - timedelta(days=1) if can_change else first.last_day_before_freeze)
    return [
        Task(
            "flag",
            gettext("Confirm the priority rules of this year"),
            gettext("Compare the rules and their order with your website and school guide.")
            if can_change
            else gettext("Compare them with your website and school guide. The draw waits for it."),
            until,
            reverse("admissions:school-settings", args=[view.school.brin]) + "#regels",
            pgettext("button", "Look"),
            gettext("Confirm the priority rules of this year"),
            is_late=until is not None and until < view.now,
        )
    ]
