"""Importing a school's own list: file, preview with errors per cell, corrections there, then drafts."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from admissions.forms.entry import EntryForm
from admissions.forms.imports import SheetForm
from admissions.models import FormEntry
from admissions.selectors.entries import open_school_rounds, usual_place
from admissions.services.forms.sheets_in import read_sheet
from admissions.services.forms.spreadsheet_import import (
    PreviewRow,
    correct_rows,
    drop_batch,
    make_drafts,
    preview,
    stage_sheet,
)
from admissions.services.forms.typed_values import FIELDS
from admissions.views.entry import EntryPage
from schools.errors import RefusedError
from schools.models import SchoolRound

SHOWN_WRONG = (
    30  # rows to correct on one page: a server takes a thousand fields at a time, and so does a person
)
SUMMARY = ("given_name", "surname_prefix", "surname", "date_of_birth", "received_on")


class ImportView(EntryPage):
    """Choose the file."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(SheetForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = SheetForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.page(form, status=422)
        file = form.cleaned_data["file"]
        rounds = self.rounds()
        if not rounds or not rounds[-1].is_capped:
            form.add_error(None, self.closed() if not rounds else _("Your school enters no forms."))
            return self.page(form, status=409)
        try:
            sheet = read_sheet(file.read(), name=str(file.name)[:80])
            defaults = {"channel": "paper", "language": "nl", "place": usual_place(self.school)}
            staged = stage_sheet(sheet, rounds[-1], defaults=defaults, actor=self.actor)
        except RefusedError as exc:
            form.add_error("file", str(exc))
            return self.page(form, status=422)
        if sheet.unknown:
            messages.warning(
                request,
                _("These columns were not understood and left out: %(columns)s.")
                % {"columns": ", ".join(sheet.unknown)[:300]},
            )
        tell_cleaned(request, staged.cleaned)
        return redirect("admissions:form-import-batch", self.school.brin, staged.batch)

    def page(self, form: SheetForm, status: int = 200) -> HttpResponse:
        context = {"school": self.school, "scope": self.scope, "now": self.scope.now, "form": form}
        return render(self.request, "admissions/form_import.html", context, status=status)


class BatchView(EntryPage):
    """The rows of one file; another school's batch is not found."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.page(self.rows())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        school_round = self.batch_round()
        batch: uuid.UUID = self.kwargs["batch"]
        if request.POST.get("actie") == "weg":
            drop_batch(batch, school_round)
            messages.success(request, _("The rows that became no draft have been thrown away."))
            return redirect("admissions:application-list", self.school.brin)
        try:
            tell_cleaned(request, correct_rows(batch, school_round, corrections(request)))
            made = (
                make_drafts(batch, school_round, actor=self.actor)
                if request.POST.get("actie") == "maak"
                else 0
            )
        except RefusedError as exc:
            messages.error(request, str(exc))
            return redirect("admissions:form-import-batch", self.school.brin, batch)
        if made:
            text = ngettext("%(n)d draft has been made.", "%(n)d drafts have been made.", made)
            messages.success(request, text % {"n": made})
        elif request.POST.get("actie") == "maak":
            messages.warning(request, _("No draft has been made: correct the rows first."))
        if made and all(row.is_done for row in self.rows()):
            return redirect("admissions:application-list", self.school.brin)
        return redirect("admissions:form-import-batch", self.school.brin, batch)

    def batch_round(self) -> SchoolRound:
        entry = (
            FormEntry.objects.filter(
                batch=self.kwargs["batch"],
                school_round__programme__school=self.school,
                school_round__round__year=self.scope.year,
            )
            .select_related("school_round__round__year__region", "school_round__programme__school")
            .first()
        )
        if entry is None:
            raise Http404
        return entry.school_round

    def rows(self) -> list[PreviewRow]:
        return preview(self.kwargs["batch"], self.batch_round())

    def page(self, rows: list[PreviewRow]) -> HttpResponse:
        labels = EntryForm({}).fields
        shown: list[dict[str, Any]] = [
            {
                "row": row,
                "name": " ".join(row.shown[name] for name in SUMMARY[:3] if row.shown.get(name)),
                "born": row.shown.get("date_of_birth", ""),
                "cells": self.cells(row, labels),
                "warnings": [note.text for note in row.judged.notes if note.kind == "warn"],
            }
            for row in rows
        ]
        wrong = [row for row in shown if not row["row"].is_good and not row["row"].is_done]
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "wrong": wrong,
            "to_correct": wrong[:SHOWN_WRONG],
            "later": len(wrong[SHOWN_WRONG:]),
            "faults": [fault(row) for row in wrong[:SHOWN_WRONG]],
            "left": len([row for row in shown if not row["row"].is_done]),
            "good": [row for row in shown if row["row"].is_good and not row["row"].is_done],
            "done": [row for row in shown if row["row"].is_done],
            "is_open": bool(open_school_rounds(self.scope)),
        }
        return render(self.request, "admissions/form_import_batch.html", context)

    @staticmethod
    def cells(row: PreviewRow, labels: Any) -> list[dict[str, Any]]:
        """The cells with something wrong, each once, to be corrected on the spot."""
        said: dict[str, list[str]] = {}
        for problem in row.problems:
            said.setdefault(problem.field, []).append(problem.text)
        return [
            {
                "name": f"{row.entry.pk}-{name}",
                "label": labels[name].label if name in labels else name,
                "value": row.entry.typed.get(name, ""),
                "errors": errors,
                "choices": row.judged.choices.get(name, []),
                "is_answer": name == "care_request",
            }
            for name, errors in said.items()
        ]


def fault(row: dict[str, Any]) -> tuple[str, str]:
    """A line of the summary on top: the first cell of the row, and what the row is about."""
    words = {"line": row["row"].entry.line, "name": row["name"] or "–", "text": row["cells"][0]["errors"][0]}
    return f"c{row['cells'][0]['name']}", _("Row %(line)d, %(name)s: %(text)s") % words


def tell_cleaned(request: HttpRequest, lines: list[int]) -> None:
    """DH-040: the number is not stored, and nobody should think that it was."""
    if lines:
        text = _("A number that looks like a BSN was taken out of row %(lines)s: it may not be stored.")
        messages.warning(request, text % {"lines": ", ".join(map(str, lines))[:300]})


def corrections(request: HttpRequest) -> dict[int, dict[str, str]]:
    """``12-postcode`` = the postcode of entry 12."""
    found: dict[int, dict[str, str]] = {}
    for key, value in request.POST.items():
        pk, _dash, name = key.partition("-")
        if name in FIELDS and pk.isascii() and pk.isdecimal() and len(pk) < 18:
            found.setdefault(int(pk), {})[name] = str(value)
    return found
