"""What the programme office must do now, and until when: its start page in plain values."""

from dataclasses import dataclass, field
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext, ngettext, pgettext

from admissions.enums import JobKind
from admissions.selectors.office import OfficeView, Waiting, jobs_of, waiting
from admissions.today.items import Figure, FixedDay
from admissions.today.tasks import Task, last_minute
from schools.context import current_round, reply_until, round_name
from schools.enums import BEFORE_LOCK_STATES, JobState, RoundKind
from schools.models import Job, Round

BUSY = (JobState.REQUESTED, JobState.RUNNING)
FIXED_DAYS = 6


@dataclass(frozen=True, slots=True)
class OfficeDay:
    """The start page of the office on one day."""

    round: Round | None
    tasks: list[tuple[Task, str]] = field(default_factory=list)  # with the tone
    figures: list[Figure] = field(default_factory=list)
    dates: list[FixedDay] = field(default_factory=list)
    running: list[Job] = field(default_factory=list)
    last_check: Job | None = None

    @property
    def first(self) -> Task | None:
        return self.tasks[0][0] if self.tasks else None

    @property
    def next_day(self) -> FixedDay | None:
        return self.dates[0] if self.dates else None


def plan_office_day(view: OfficeView) -> OfficeDay:
    """Six queries, whatever the number of children."""
    round_ = current_round(list(view.rounds), view.today)
    period = _open_period(view)
    counts = waiting(view, period)
    jobs = jobs_of(view.year, list(JobKind))
    tasks = [
        *_job_tasks(view, jobs),
        *_form_tasks(view, period, counts),
        *_round_tasks(view),
        *_reply_tasks(counts),
        *_other_tasks(view, counts),
    ]
    tasks.sort(key=lambda task: (not task.is_late, task.days(view.today)))
    return OfficeDay(
        round_,
        tasks=[(task, task.tone(view.today)) for task in tasks],
        figures=_figures(period, counts),
        dates=fixed_days(view, round_),
        running=[job for job in jobs if job.state in BUSY],
        last_check=next((job for job in jobs if job.kind == JobKind.CHECK_INTEGRITY), None),
    )


def _open_period(view: OfficeView) -> Round | None:
    """The application period that has begun and was not drawn yet."""
    begun = [
        r
        for r in view.rounds
        if r.kind == RoundKind.ALM and r.parents_from and r.parents_from <= view.today and not r.is_played
    ]
    return begun[0] if begun else None


def _children(query: str) -> str:
    return f"{reverse('admissions:child-search')}?{query}"


def _job_tasks(view: OfficeView, jobs: list[Job]) -> list[Task]:
    """Work that stopped. It stays here until it has been done again with success."""
    tasks = []
    for job in jobs:
        if job.state != JobState.FAILED:
            continue
        url = reverse("admissions:job", args=[job.pk])
        round_ = view.round(job.key)
        name = {"round": round_name(round_) if round_ else job.key}
        title = {
            JobKind.PLAY_ROUND: gettext("%(round)s could not be played") % name,
            JobKind.DRAW: gettext("The draw of %(round)s stopped") % name,
            JobKind.LETTERS: gettext("Not all letters of %(round)s could be made") % name,
            JobKind.RESET_YEAR: gettext("The rehearsal year could not be reset"),
            JobKind.CHECK_INTEGRITY: gettext("The books do not add up"),
        }[JobKind(job.kind)]
        text = job.message if len(job.message) < 200 else f"{job.message[:199]}…"
        until = job.finished_at
        tasks.append(Task("error", title, text, until, url, pgettext("button", "Look"), title, is_late=True))
    return tasks


def _form_tasks(view: OfficeView, period: Round | None, counts: Waiting) -> list[Task]:
    if period is None:
        return []
    tasks = []
    n = {"n": counts.drafts + counts.released_forms}
    if n["n"] and period.state in BEFORE_LOCK_STATES:
        tasks.append(
            Task(
                "document",
                ngettext("%(n)d form is not final yet", "%(n)d forms are not final yet", n["n"]) % n,
                gettext("The schools make them final. A draft does not take part in the draw."),
                last_minute(period.processing_until),
                _children(f"round={period.code}&form=open"),
                pgettext("button", "Look"),
                ngettext("%(n)d form is not final yet", "%(n)d forms are not final yet", n["n"]) % n,
            )
        )
    if counts.care_open and view.sees_care:
        n = {"n": counts.care_open}
        tasks.append(
            Task(
                "heart",
                ngettext("%(n)d care outcome missing", "%(n)d care outcomes missing", counts.care_open) % n,
                gettext(
                    "In a real year the draw cannot start without it. A rehearsal records “not available”."
                )
                if view.year.is_rehearsal
                else gettext(
                    "A meeting (MDO) is needed before the draw. Without an outcome the draw cannot start."
                ),
                last_minute(period.last_day_before_freeze),
                _children(f"round={period.code}&care=open"),
                pgettext("button", "Look"),
                ngettext("%(n)d care outcome missing", "%(n)d care outcomes missing", counts.care_open) % n,
            )
        )
    if counts.not_ready and not view.year.is_rehearsal:
        n = {"n": counts.not_ready}
        tasks.append(
            Task(
                "flag",
                ngettext(
                    "%(n)d school has not decided yet", "%(n)d schools have not decided yet", counts.not_ready
                )
                % n,
                gettext("Schools that draw by hand must be ready before the freeze."),
                last_minute(period.last_day_before_freeze),
                reverse("admissions:round-detail", args=[period.code]),
                pgettext("button", "Look"),
                ngettext(
                    "%(n)d school has not decided yet", "%(n)d schools have not decided yet", counts.not_ready
                )
                % n,
            )
        )
    return tasks


def _days_before(day: date | None, days: int) -> date | None:
    return date.fromordinal(day.toordinal() - days) if day else None


def _round_tasks(view: OfficeView) -> list[Task]:
    round_ = view.next_round
    if round_ is None:
        return []
    name = {"round": round_name(round_)}
    if view.year.is_rehearsal:
        return [
            Task(
                "flag",
                gettext("%(round)s is next") % name,
                gettext("Close, draw, match and send in one go. The clock of the rehearsal moves along."),
                round_.central_matching_on,
                reverse("admissions:round-play", args=[round_.code]),
                pgettext("button", "Start"),
                gettext("Play %(round)s") % name,
            )
        ]
    return [
        Task(
            "flag",
            gettext("Prepare the draw of %(round)s") % name,
            gettext("At the freeze every list is fixed. That is at least 24 hours before the draw."),
            _days_before(round_.central_matching_on, 1),
            reverse("admissions:draw-room-round", args=[round_.code]),
            pgettext("button", "Look"),
            gettext("Prepare the draw of %(round)s") % name,
        )
    ]


def _reply_tasks(counts: Waiting) -> list[Task]:
    if not counts.overdue:
        return []
    n = {"n": counts.overdue}
    words = (
        ngettext("%(n)d family did not reply in time", "%(n)d families did not reply in time", counts.overdue)
        % n
    )
    text = gettext("The schools call them. Until then the places stay taken.")
    return [
        Task(
            "clock",
            words,
            text,
            counts.first_overdue,
            _children("seat=overdue"),
            pgettext("button", "Look"),
            words,
            is_late=True,
        )
    ]


def _other_tasks(view: OfficeView, counts: Waiting) -> list[Task]:
    tasks = []
    if counts.messages_due:
        n = {"n": counts.messages_due}
        words = ngettext("%(n)d message can go out", "%(n)d messages can go out", counts.messages_due) % n
        text = gettext("Its day has come. It leaves when the offers of its round are sent.")
        tasks.append(
            Task(
                "mail",
                words,
                text,
                view.today,
                f"{reverse('admissions:outbox')}?tab=held",
                pgettext("button", "Look"),
                words,
            )
        )
    if counts.cases:
        n = {"n": counts.cases}
        words = ngettext("%(n)d report to settle", "%(n)d reports to settle", counts.cases) % n
        text = gettext("Wrong birth dates, reported withdrawals and decisions against the rules.")
        tasks.append(
            Task(
                "flag", words, text, None, reverse("admissions:case-list"), pgettext("button", "Look"), words
            )
        )
    return tasks


def _figures(period: Round | None, counts: Waiting) -> list[Figure]:
    figures = []
    if period is not None:
        words = pgettext("figure", "forms of %(round)s") % {"round": round_name(period)}
        figures.append(Figure(counts.forms, words, _children(f"round={period.code}")))
    late = Figure(counts.overdue, pgettext("figure", "too late"), _children("seat=overdue"), alert=True)
    return [
        *figures,
        Figure(counts.offered, pgettext("figure", "wait for parents"), _children("seat=offered")),
        *([late] if counts.overdue else []),
        Figure(counts.enrolled, pgettext("figure", "enrolled"), _children("seat=enrolled")),
        Figure(counts.withdrawn, pgettext("figure", "withdrawn"), _children("tab=withdrawn")),
        Figure(
            counts.messages_held,
            pgettext("figure", "messages held"),
            f"{reverse('admissions:outbox')}?tab=held",
        ),
    ]


def fixed_days(view: OfficeView, round_: Round | None, *, number: int = FIXED_DAYS) -> list[FixedDay]:
    """The days that are still to come, of this round and later ones, in order."""
    found: list[FixedDay] = []
    for candidate in view.rounds:
        if round_ is not None and candidate.position < round_.position - 1:
            continue
        name = {"round": round_name(candidate)}
        seen = candidate.visible_to_schools_at
        plan: list[tuple[date | None, str]] = [
            (candidate.parents_from, gettext("%(round)s: parents can apply")),
            (candidate.parents_until, gettext("%(round)s: last day for parents")),
            (candidate.processing_until, gettext("%(round)s: last day to enter forms")),
            (candidate.opt_in_from, gettext("%(round)s: parents can opt in")),
            (candidate.opt_in_until, gettext("%(round)s: last day to opt in")),
            (candidate.central_matching_on, gettext("%(round)s: draw with the notary")),
            (
                seen.astimezone(view.now.tzinfo).date() if seen else None,
                gettext("%(round)s: schools see the result"),
            ),
            (candidate.offers_on, gettext("%(round)s: all parents hear the result")),
            (reply_until(candidate), gettext("%(round)s: last day to reply")),
        ]
        found += [FixedDay(day, text % name) for day, text in plan if day and day >= view.today]
    found.sort(key=lambda fixed: fixed.day)
    return found[:number]
