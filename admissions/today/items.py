"""What a school must do today, and until when: the start page in plain values."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from admissions.selectors.delivery import failures_of_school
from admissions.selectors.entries import begun_entries, open_lists
from admissions.selectors.school import Counts, ReplyCounts, SchoolView, counts_of, places_of, reply_counts
from admissions.today.more import (
    care_tasks,
    draw_tasks,
    letter_tasks,
    report_tasks,
    rules_tasks,
    sending_tasks,
)
from admissions.today.tasks import Task, last_minute
from schools.context import current_round, reply_until, round_name
from schools.enums import BEFORE_LOCK_STATES, RoundKind
from schools.models import Round


@dataclass(frozen=True, slots=True)
class Figure:
    number: int
    label: str
    url: str = ""
    alert: bool = False


@dataclass(frozen=True, slots=True)
class FixedDay:
    day: date
    label: str


@dataclass(frozen=True, slots=True)
class Day:
    """The start page of one school on one day."""

    round: Round | None
    tasks: list[tuple[Task, str]] = field(default_factory=list)  # with the tone
    figures: list[Figure] = field(default_factory=list)
    figures_title: str = ""
    dates: list[FixedDay] = field(default_factory=list)

    @property
    def first(self) -> Task | None:
        return self.tasks[0][0] if self.tasks else None

    @property
    def next_day(self) -> FixedDay | None:
        return self.dates[0] if self.dates else None


def plan_day(
    view: SchoolView,
    *,
    may_reply: bool,
    may_approve: bool = False,
    may_enter: bool = False,
    may_confirm: bool = False,
) -> Day:
    """At most twelve queries with those of the page, whatever the number of children.

    Who sees care-marked children only (section 1) gets no task that only the administration can do.
    """
    round_ = current_round(list(view.rounds), view.today)
    if round_ is None:
        return Day(None)
    period = _application_period(view)
    counts = counts_of(view, period) if period else Counts()
    replies = reply_counts(view)
    tasks = [
        *(_form_tasks(view, period, counts, may_enter=may_enter) if view.sees_all else []),
        *_outcome_tasks(view, period, counts),
        *care_tasks(view),
    ]
    if view.sees_all:
        tasks += [
            *_failed_tasks(view),
            *draw_tasks(view),
            *report_tasks(view),
            *(rules_tasks(view) if may_confirm else []),
            *(letter_tasks(view) if may_approve else []),
            *sending_tasks(view, may_reply=may_reply),
            *_reply_tasks(view, replies, may_reply=may_reply),
        ]
    tasks.sort(key=lambda task: (not task.is_late, task.days(view.today)))
    figures, title = _figures(view, period, counts, replies)
    return Day(
        round_,
        tasks=[(task, task.tone(view.today)) for task in tasks],
        figures=figures,
        figures_title=title,
        dates=_dates(view, round_),
    )


def _application_period(view: SchoolView) -> Round | None:
    """The application period whose forms are being worked on: begun and not drawn yet, as this school sees it."""
    begun = [
        r
        for r in view.rounds
        if r.kind == RoundKind.ALM and r.parents_from and r.parents_from <= view.today and not view.shows(r)
    ]
    return begun[-1] if begun else None


def _link(view: SchoolView, name: str, query: str = "") -> str:
    return reverse(f"admissions:{name}", args=[view.school.brin]) + (f"?{query}" if query else "")


def _form_tasks(view: SchoolView, period: Round | None, counts: Counts, *, may_enter: bool) -> list[Task]:
    if period is None:
        return []
    tasks = []
    query = f"round={period.code}"
    if period.state in BEFORE_LOCK_STATES and (
        period.processing_until is None or view.today <= period.processing_until
    ):
        deadline = last_minute(period.processing_until)
        begun = begun_entries(view).filter(school_round__round=period).count() if may_enter else 0
        for row in open_lists(view) if may_enter else []:
            title = ngettext(
                "%(n)d row of a list is not a draft yet", "%(n)d rows of a list are not a draft yet", row.rows
            )
            tasks.append(
                Task(
                    "document",
                    title % {"n": row.rows},
                    gettext("You imported it and did not finish. Correct the rows, or throw them away."),
                    deadline,
                    reverse("admissions:form-import-batch", args=[view.school.brin, row.batch]),
                    pgettext("button", "Look"),
                    title % {"n": row.rows},
                )
            )
        if begun:
            n = {"n": begun}
            tasks.append(
                Task(
                    "document",
                    ngettext("%(n)d form was begun only", "%(n)d forms were begun only", begun) % n,
                    gettext("Without a name, a date of birth and a day received it is not a draft yet."),
                    deadline,
                    _link(view, "application-list", query),
                    pgettext("button", "Look"),
                    ngettext("Finish %(n)d form that was begun", "Finish %(n)d forms that were begun", begun)
                    % n,
                )
            )
        if counts.draft:
            n = {"n": counts.draft}
            tasks.append(
                Task(
                    "document",
                    ngettext("%(n)d draft not final yet", "%(n)d drafts not final yet", counts.draft) % n,
                    gettext("A draft does not take part in the draw."),
                    deadline,
                    _link(view, "application-list", f"tab=draft&{query}"),
                    pgettext("button", "Look"),
                    ngettext("Make %(n)d draft final", "Make %(n)d drafts final", counts.draft) % n,
                )
            )
        if counts.released:
            n = {"n": counts.released}
            tasks.append(
                Task(
                    "document",
                    ngettext("%(n)d form released", "%(n)d forms released", counts.released) % n,
                    gettext("Make it final again. Otherwise the old version counts."),
                    deadline,
                    _link(view, "application-list", f"tab=released&{query}"),
                    pgettext("button", "Open"),
                    ngettext(
                        "Make %(n)d released form final", "Make %(n)d released forms final", counts.released
                    )
                    % n,
                )
            )
        if counts.claims:
            n = {"n": counts.claims}
            tasks.append(
                Task(
                    "flag",
                    ngettext(
                        "Priority of %(n)d child still to check",
                        "Priority of %(n)d children still to check",
                        counts.claims,
                    )
                    % n,
                    gettext("What has not been checked does not count in the draw."),
                    deadline,
                    _link(view, "application-list", f"claim=open&{query}"),
                    pgettext("button", "Check"),
                    ngettext(
                        "Check the priority of %(n)d child",
                        "Check the priority of %(n)d children",
                        counts.claims,
                    )
                    % n,
                )
            )
    return tasks


def _outcome_tasks(view: SchoolView, period: Round | None, counts: Counts) -> list[Task]:
    """The draw of the school waits for these (DH-181)."""
    tasks: list[Task] = []
    if period is None or period.is_frozen:
        return tasks
    if view.sees_care and counts.care_open:
        n = {"n": counts.care_open}
        before = last_minute(period.last_day_before_freeze)
        tasks.append(
            Task(
                "heart",
                ngettext("%(n)d care outcome missing", "%(n)d care outcomes missing", counts.care_open) % n,
                gettext(
                    "A meeting (MDO) is needed before the draw. Without an outcome the draw cannot start."
                ),
                before,
                _link(view, "care-list", "tab=open"),
                pgettext("button", "Look"),
                ngettext("Record %(n)d care outcome", "Record %(n)d care outcomes", counts.care_open) % n,
                is_late=before is not None and before < view.now,
            )
        )
    return tasks


def _failed_tasks(view: SchoolView) -> list[Task]:
    """Families that a mail did not reach (DH-052, DH-115)."""
    number = failures_of_school(view)
    if not number:
        return []
    n = {"n": number}
    return [
        Task(
            "mail",
            ngettext("%(n)d message did not arrive", "%(n)d messages did not arrive", number) % n,
            gettext("Call the parents, correct the address and send it again."),
            view.today,
            _link(view, "school-messages", "tab=failed"),
            pgettext("button", "Look"),
            ngettext(
                "Call %(n)d family that a message did not reach",
                "Call %(n)d families that a message did not reach",
                number,
            )
            % n,
            is_late=True,
        )
    ]


def _reply_tasks(view: SchoolView, replies: ReplyCounts, *, may_reply: bool) -> list[Task]:
    tasks = []
    if replies.overdue:
        n = {"n": replies.overdue}
        tasks.append(
            Task(
                "clock",
                ngettext(
                    "%(n)d family did not reply in time",
                    "%(n)d families did not reply in time",
                    replies.overdue,
                )
                % n,
                gettext("Call the parents. Then record their reply."),
                replies.first_overdue,
                _link(view, "admitted-list", "tab=overdue"),
                pgettext("button", "Look"),
                ngettext(
                    "Call %(n)d family that did not reply",
                    "Call %(n)d families that did not reply",
                    replies.overdue,
                )
                % n,
                is_late=True,
            )
        )
    if replies.offered and may_reply:
        n = {"n": replies.offered}
        tasks.append(
            Task(
                "phone",
                ngettext(
                    "%(n)d family still has to reply", "%(n)d families still have to reply", replies.offered
                )
                % n,
                gettext("A place stays reserved until the end of the reply period."),
                last_minute(replies.next_reply),
                _link(view, "admitted-list", "tab=offered"),
                pgettext("button", "Look"),
                ngettext(
                    "Process the reply of %(n)d family",
                    "Process the replies of %(n)d families",
                    replies.offered,
                )
                % n,
            )
        )
    if replies.lapsed and may_reply:
        n = {"n": replies.lapsed}
        tasks.append(
            Task(
                "flag",
                ngettext(
                    "%(n)d place lapsed after moving house",
                    "%(n)d places lapsed after moving house",
                    replies.lapsed,
                )
                % n,
                gettext(
                    "Withdraw the child and report it. Only then the family can apply at another school."
                ),
                view.today,
                _link(view, "admitted-list", "tab=left"),
                pgettext("button", "Look"),
                ngettext(
                    "Withdraw %(n)d child that may move to another school",
                    "Withdraw %(n)d children that may move to another school",
                    replies.lapsed,
                )
                % n,
            )
        )
    return tasks


def _figures(
    view: SchoolView, period: Round | None, counts: Counts, replies: ReplyCounts
) -> tuple[list[Figure], str]:
    if period is not None:
        places = next((row for row in places_of(view) if row.school_round.round_id == period.pk), None)
        query = f"round={period.code}"
        figures = [
            Figure(counts.forms, pgettext("figure", "forms in"), _link(view, "application-list", query)),
            Figure(
                counts.final,
                pgettext("figure", "final"),
                _link(view, "application-list", f"tab=final&{query}"),
            ),
            Figure(
                counts.draft,
                pgettext("figure", "draft"),
                _link(view, "application-list", f"tab=draft&{query}"),
            ),
        ]
        if places is not None and places.school_round.is_capped:
            figures.append(Figure(places.seats, _places_words(places), _link(view, "school-places")))
        return figures, gettext("Figures of %(round)s") % {"round": round_name(period)}
    late = Figure(
        replies.overdue,
        pgettext("figure", "too late"),
        _link(view, "admitted-list", "tab=overdue"),
        alert=True,
    )
    figures = [
        Figure(
            replies.enrolled, pgettext("figure", "enrolled"), _link(view, "admitted-list", "tab=enrolled")
        ),
        Figure(
            replies.offered,
            pgettext("figure", "wait for parents"),
            _link(view, "admitted-list", "tab=offered"),
        ),
        *([late] if replies.overdue else []),
        Figure(
            replies.withdrawn, pgettext("figure", "withdrawn"), _link(view, "admitted-list", "tab=withdrawn")
        ),
    ]
    return figures, gettext("Replies of this year")


def _places_words(places: Any) -> str:
    extra = places.seats - places.ceiling
    if not extra:
        return pgettext("figure", "places")
    words = pgettext("figure", "places (%(ceiling)d + %(extra)d carried in)")
    return words % {"ceiling": places.ceiling, "extra": extra}


def _dates(view: SchoolView, round_: Round) -> list[FixedDay]:
    """The fixed days that are still to come, of this round and the next, in order."""
    found: list[FixedDay] = []
    for candidate in view.rounds:
        if candidate.position < round_.position - 1:
            continue
        name = round_name(candidate)
        seen = candidate.visible_to_schools_at
        if candidate.kind == RoundKind.ALM:
            plan = [
                (candidate.parents_from, gettext("%(round)s: parents can apply")),
                (candidate.parents_until, gettext("%(round)s: last day for parents")),
                (candidate.processing_until, gettext("%(round)s: last day to enter forms")),
                (candidate.central_matching_on, gettext("%(round)s: draw with the notary")),
            ]
        else:
            plan = [
                (candidate.central_matching_on, gettext("%(round)s: draw with the notary")),
                (
                    seen.astimezone(view.now.tzinfo).date() if seen else None,
                    gettext("%(round)s: you see the result"),
                ),
            ]
        plan += [
            (candidate.offers_on, gettext("%(round)s: all parents hear the result")),
            (reply_until(candidate), gettext("%(round)s: last day to reply")),
        ]
        found += [FixedDay(day, text % {"round": name}) for day, text in plan if day and day >= view.today]
    found.sort(key=lambda fixed: fixed.day)
    return found[:6]
