"""The round board, its projection on the wall of the draw, and reminding schools of what is still open."""

from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from admissions.enums import BoardCondition
from admissions.services.draws.board import (
    AMBER,
    NONE,
    OK,
    RED,
    Board,
    Cell,
    Row,
    board_mark,
    draw_day,
    readiness_board,
)
from admissions.services.draws.vovp_board import VovpStep, vovp_seats, vovp_steps
from admissions.services.letters.reminders import Waiting, remind_schools, waiting_schools
from admissions.validators import plain
from admissions.views.draw_room import addressed, steps_of
from admissions.views.rounds import RoundPage
from schools.context import local_day
from schools.enums import RoundKind
from schools.errors import RefusedError
from schools.lists import Tab
from schools.models import Round

SHOWN = {"rood": RED, "geel": AMBER, "klaar": OK}
ICONS = {OK: "ok", RED: "error", AMBER: "warning", NONE: "none"}
POLL_SECONDS = 5


class BoardPage(RoundPage):
    """A page that asks every few seconds whether anything changed; nothing changed costs two words of an answer."""

    template: ClassVar[str]
    partial: ClassVar[str]
    has_session = False

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        request.oa_section = "admissions:round-list"  # type: ignore[attr-defined]
        round_ = self.found()
        mark, self.has_session = board_mark(round_, day=f"{local_day(self.scope.now)} {get_language()}")
        is_poll, seen = bool(request.headers.get("HX-Request")), request.GET.get("merk", "")
        if is_poll and seen[1:] == mark:
            return HttpResponse(status=204)  # htmx leaves the page, and the focus in it, as they are
        context = self.common() | self.filled(round_) | {"poll_seconds": POLL_SECONDS}
        # Before the freeze the page has other parts than after it: then it is loaded as a whole.
        kind = "s" if context["day"] else "b"
        if is_poll and seen[:1] not in ("", kind):
            return HttpResponse(status=204, headers={"HX-Refresh": "true"})
        context["mark"] = kind + mark
        context["poll_url"] = f"{request.path}?{urlencode(self.filters())}"
        return render(request, self.partial if is_poll else self.template, context)

    def filters(self) -> dict[str, str]:
        return {}

    def filled(self, round_: Round) -> dict[str, Any]:
        day = draw_day(round_) if self.has_session else None
        context: dict[str, Any] = {"is_live": not round_.is_played, "day": day}
        if day is not None:
            steps = steps_of(day.session)
            return context | {"steps": steps, "step": next((step for step in steps if step.is_now), None)}
        board = readiness_board(round_)
        return context | {
            "board": board,
            "total": len(board.rows),
            "not_ready": len(board.with_tone(RED)),
            "open_count": sum(row.open_count for row in board.rows),
            "freeze_at": round_.freeze_at if round_.central_matching_on else None,
        }


class RoundBoardView(BoardPage):
    """Every school of a round, and what the draw still waits for; red cells lead to where it is mended (DH-202)."""

    template = "admissions/round_board.html"
    partial = "admissions/partials/round_board.html"

    def filters(self) -> dict[str, str]:
        """What the address asks for, as far as it makes sense."""
        typed = self.request.GET
        found = {"q": typed.get("q", "")[:80].strip()}
        found["toon"] = typed.get("toon", "") if typed.get("toon") in SHOWN else ""
        found["wat"] = typed.get("wat", "") if typed.get("wat") in BoardCondition.values else ""
        return {name: value for name, value in found.items() if value}

    def filled(self, round_: Round) -> dict[str, Any]:
        context = super().filled(round_)
        board: Board | None = context.get("board")
        if round_.kind == RoundKind.VOVP:
            seats = [row.seat for row in board.rows] if board else vovp_seats(round_)
            context["vovp_steps"] = [(step, _page(step, round_)) for step in vovp_steps(round_, seats)]
        if board is None:
            return context
        chosen = self.filters()
        return context | {
            "general": [addressed(finding, round_) for finding in board.general],
            "conditions": [(c.value, c.label) for c in board.conditions],
            "open_conditions": open_conditions(board, round_),
            "may_remind": self.request.user.has_perm("admissions.run_rounds", self.region),
            "lines": [_line(row, round_) for row in _chosen(board, chosen)],
            "tabs": _tabs(board, chosen),
            "chosen": chosen,
            "words": {
                "red": pgettext("board", "Red"),
                "yellow": pgettext("board", "Yellow"),
                "fine": pgettext("board", "in order"),
                "not_ready": pgettext("board", "Not ready"),
                "almost": pgettext("board", "Look at it"),
                "ready": pgettext("board", "Ready"),
            },
        }


def _page(step: VovpStep, round_: Round) -> str:
    return reverse(step.address, args=[round_.code]) if step.address else ""


def _chosen(board: Board, chosen: dict[str, str]) -> list[Row]:
    rows = list(board.rows)
    if tone := SHOWN.get(chosen.get("toon", "")):
        rows = [row for row in rows if row.tone == tone]
    if condition := chosen.get("wat"):
        rows = [row for row in rows if row.open(condition)]
    if word := chosen.get("q"):
        rows = [row for row in rows if plain(word) in plain(row.name) or word.upper() in row.brin]
    return rows


def _line(row: Row, round_: Round) -> dict[str, Any]:
    """One row in plain values: a template that asks Python a thousand times is slow."""
    return {
        "pk": row.seat.pk,
        "name": row.name,
        "brin": row.brin,
        "tone": row.tone,
        "cells": [_plain(cell, round_) for cell in row.cells],
    }


def _plain(cell: Cell, round_: Round) -> dict[str, Any]:
    url = addressed(cell.finding, round_)[1] if cell.finding else ""
    return {
        "key": cell.condition.value,
        "tone": cell.tone,
        "text": cell.text,
        "url": url,
        "label": cell.condition.label,
        "icon": ICONS[cell.tone],
        "why": cell.finding.text if cell.finding else "",
    }


def open_conditions(board: Board, round_: Round) -> list[dict[str, Any]]:
    """Every condition that is not in order somewhere, with the number of schools."""
    found = []
    for condition in board.conditions:
        number = len(board.waiting(condition))
        if number:
            url = reverse("admissions:round-board-remind", args=[round_.code, condition.value])
            found.append({"key": condition.value, "label": condition.label, "n": number, "url": url})
    return found


def _tabs(board: Board, chosen: dict[str, str]) -> list[tuple[Tab, str]]:
    """The quick filters with the address of each; the other choices stay."""
    shown = [
        ("", pgettext("tab", "All schools"), len(board.rows), False),
        ("rood", pgettext("tab", "Only red"), len(board.with_tone(RED)), True),
        ("geel", pgettext("tab", "Only yellow"), len(board.with_tone(AMBER)), False),
        ("klaar", pgettext("tab", "Ready"), len(board.with_tone(OK)), False),
    ]
    rest = {name: value for name, value in chosen.items() if name != "toon"}
    return [
        (
            Tab(value, label, count, current=value == chosen.get("toon", ""), alert=alert),
            urlencode(rest | ({"toon": value} if value else {})),
        )
        for value, label, count, alert in shown
    ]


class RoundBoardScreenView(BoardPage):
    """The same for the wall of the room: large, without menu, and nothing about any child."""

    template = "admissions/round_board_screen.html"
    partial = "admissions/partials/round_board_screen.html"

    def filled(self, round_: Round) -> dict[str, Any]:
        context = super().filled(round_)
        board: Board | None = context.get("board")
        if board is None:
            return context
        # Which condition is open is for the office: a care wish of one child has no place on a wall (DH-180).
        context["tiles"] = [{"name": row.name, "tone": row.tone, "n": row.open_count} for row in board.rows]
        return context


class RemindSchoolsView(RoundPage):
    """Look at the schools of one condition, then send each a message; once a day (DH-202)."""

    permission = "admissions.run_rounds"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(self.found())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        round_, condition = self.found(), self.condition()
        brins = request.POST.getlist("school")[:1000]
        if not brins:
            return self.answer(round_, error=_("Choose at least one school."), chosen=(), status=422)
        try:
            done = remind_schools(round_, condition, brins=brins, actor=request.user)  # type: ignore[arg-type]
        except RefusedError as exc:
            return self.answer(round_, error=str(exc), chosen=brins, status=409)
        if done.sent:
            words = ngettext("%(n)d school was reminded.", "%(n)d schools were reminded.", done.sent)
            messages.success(request, words % {"n": done.sent})
        if done.told:
            words = ngettext(
                "%(n)d school had this reminder today already and got no second one.",
                "%(n)d schools had this reminder today already and got no second one.",
                done.told,
            )
            messages.info(request, words % {"n": done.told})
        if done.settled:
            words = ngettext(
                "%(n)d school had it in order by now.", "%(n)d schools had it in order by now.", done.settled
            )
            messages.info(request, words % {"n": done.settled})
        return redirect("admissions:round-board", round_.code)

    def condition(self) -> BoardCondition:
        try:
            return BoardCondition(self.kwargs["condition"])
        except ValueError:
            raise Http404 from None

    def answer(
        self, round_: Round, *, error: str = "", chosen: Any = None, status: int = 200
    ) -> HttpResponse:
        self.request.oa_section = "admissions:round-list"  # type: ignore[attr-defined]
        condition = self.condition()
        waiting = waiting_schools(round_, condition)
        able = [one for one in waiting if _may_get(one)]
        ticked = {one.row.brin for one in able} if chosen is None else set(chosen)
        context = self.common() | {
            "condition": condition,
            "waiting": [(one, _may_get(one), one.row.brin in ticked) for one in waiting],
            "number": len(able),
            "error": error,
        }
        return render(self.request, "admissions/round_board_remind.html", context, status=status)


def _may_get(one: Waiting) -> bool:
    return bool(one.email) and not one.is_told
