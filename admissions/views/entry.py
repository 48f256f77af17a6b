"""Typing a form in: the page keeps what is typed, says what it sees, makes the form final (DH-050 to DH-055)."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy
from django.views.decorators.cache import never_cache

from admissions.enums import FormState
from admissions.forms.entry import CHECK_LABELS, EntryForm, ScanForm
from admissions.models import FormEntry
from admissions.selectors.entries import entries_of, last_channel, open_school_rounds, usual_place
from admissions.services.forms.application_forms import FormError, check_entry_open
from admissions.services.forms.entries import (
    OPEN_FORMS,
    EntryConflict,
    EntryProblems,
    Kept,
    differences,
    discard_entry,
    finalise_entry,
    is_aside,
    keep_typed,
    settle,
)
from admissions.services.forms.intake import Intake, intake_for
from admissions.services.forms.live_checks import Judged, judge
from admissions.services.forms.paper_code import LoadedCode, PaperCodeError, load_code
from admissions.services.forms.typed_values import (
    ADDRESS,
    CARE,
    CHECKS,
    CHILD,
    CLAIMS,
    FIELDS,
    LISTED,
    PARENTS,
    TICKED_BY_HAND,
    clean_typed,
    directory_of,
)
from admissions.views.school import SchoolPage
from schools.errors import RefusedError
from schools.models import SchoolRound, end_of_day
from schools.texts import long_date

SECTIONS = (
    ("kind", pgettext_lazy("section", "The child"), (*CHILD, *ADDRESS)),
    ("ouders", pgettext_lazy("section", "Parents"), PARENTS),
    ("zorg", pgettext_lazy("section", "Extra support"), CARE),
    ("voorrang", pgettext_lazy("section", "Priority"), CLAIMS),
    ("scholen", pgettext_lazy("section", "Schools"), LISTED),
    ("controle", pgettext_lazy("section", "Check"), CHECKS),
)
CARRIED = ("received_on", "channel", "place")  # forms come in piles: the next one starts with these


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the paper form in the list beside it."""

    key: str
    label: str
    faults: int
    state: str  # done, bad or todo


@method_decorator(never_cache, name="dispatch")
class EntryPage(SchoolPage):
    """A page about one entry. An entry of another school is not found."""

    permission: ClassVar[str] = "admissions.enter_form"
    entry: FormEntry | None = None
    school_round: SchoolRound

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        request.oa_section = "admissions:application-list"  # type: ignore[attr-defined]
        return super().dispatch(request, *args, **kwargs)

    def find(self) -> None:
        """The entry of the address, or an empty one in the round that takes forms now."""
        key: uuid.UUID = self.kwargs["key"]
        stored = FormEntry.objects.filter(key=key).select_related(
            "school_round__round__year__region",
            "school_round__programme__school",
            "form__application",
            "saved_by",
        )
        self.entry = stored.first()
        if self.entry is not None:
            self.school_round = self.entry.school_round
            mine = self.school_round.programme.school_id == self.school.pk
            if not mine or self.school_round.round.year_id != self.scope.year.pk:
                raise Http404
            return
        found = self.rounds()
        if not found:
            raise FormError(self.closed())
        wanted = self.request.GET.get("ronde") or self.request.POST.get("ronde")
        self.school_round = next((row for row in found if row.round.code == wanted), found[-1])

    def rounds(self) -> list[SchoolRound]:
        return open_school_rounds(self.scope)

    def closed(self) -> str:
        """Why no form can be entered now, and when it can."""
        coming = [
            round_.parents_from
            for round_ in self.scope.rounds
            if round_.parents_from and round_.parents_from > self.scope.today and round_.processing_until
        ]
        if coming:
            return _("Forms can be entered from %(day)s.") % {"day": long_date(coming[0])}
        return _("The periods of this year are over: no form can be entered any more.")


class EntryStartView(EntryPage):
    """A fresh form: an address of its own, so that a second click finds the same one."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        rounds = self.rounds()
        if not rounds or not rounds[-1].is_capped:
            uncapped = bool(rounds)
            context = self.get_base() | {"is_uncapped": uncapped, "reason": "" if uncapped else self.closed()}
            return render(request, "admissions/entry_closed.html", context)
        url = reverse("admissions:entry", args=[self.school.brin, uuid.uuid4()])
        wanted = request.GET.get("ronde", "")
        codes = {row.round.code for row in rounds}
        return redirect(f"{url}?ronde={wanted}" if wanted in codes else url)

    def get_base(self) -> dict[str, Any]:
        return {"school": self.school, "scope": self.scope, "now": self.scope.now}


class EntryView(EntryPage):
    """The form itself. ``POST`` saves it or makes it final; what is wrong is said above and beside the fields."""

    scan: ScanForm | None = None  # what a scanner typed, when that was refused

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.find()
            check_entry_open(self.school_round.round)
        except FormError as exc:
            return self.closed_page(str(exc))
        if self.entry is not None and self.entry.form is not None and self.entry.form.state not in OPEN_FORMS:
            return self.to_child(self.entry.form.application.registration_number)
        if self.entry is not None and is_aside(self.entry, self.actor):
            return redirect("admissions:entry-compare", self.school.brin, self.kwargs["key"])
        typed = dict(self.entry.typed) if self.entry is not None else self.carried()
        return self.page(typed, self.judged(typed), live=True)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.find()
        except FormError as exc:
            return self.closed_page(str(exc), status=409)
        raw, revision = EntryForm.read(request.POST), revision_of(request)
        search = request.POST.get("zoek", "")
        if request.POST.get("actie") == "definitief" and not search:
            return self.finalise(raw, revision)
        try:
            kept = keep_typed(
                self.kwargs["key"],
                self.school_round,
                raw,
                revision=revision,
                actor=self.actor,
                window=request.POST.get("window", ""),
                intake=self.intake(),
                is_new=self.entry is None,
            )
        except RefusedError as exc:
            return self.page(raw, self.judged(raw), live=True, refusal=str(exc), status=409)
        if is_aside(kept.entry, self.actor):
            return redirect("admissions:entry-compare", self.school.brin, self.kwargs["key"])
        self.entry = kept.entry
        left_out = [problem for problem in kept.judged.problems if "BSN" in problem.text]
        if search or left_out or kept.judged.choices:
            return self.page(kept.entry.typed, kept.judged, live=True, status=422 if left_out else 200)
        messages.success(request, self.saved_text(kept))
        return redirect("admissions:entry", self.school.brin, self.kwargs["key"])

    @staticmethod
    def saved_text(kept: Kept) -> str:
        if kept.entry.form_id is None:
            return _(
                "What you typed has been kept. It becomes a draft with a name, a date of birth and a day received."
            )
        return _("The draft has been saved. A draft does not take part in the draw yet.")

    def finalise(self, raw: dict[str, str], revision: int) -> HttpResponse:
        try:
            done = finalise_entry(
                self.kwargs["key"],
                self.school_round,
                raw,
                revision=revision,
                actor=self.actor,
                window=self.request.POST.get("window", ""),
                intake=self.intake(),
                is_new=self.entry is None,
            )
        except EntryConflict:
            return redirect("admissions:entry-compare", self.school.brin, self.kwargs["key"])
        except EntryProblems as exc:
            self.entry = exc.entry
            return self.page(exc.entry.typed, exc.judged, live=False, status=422)
        except RefusedError as exc:
            return self.page(raw, self.judged(raw), live=True, refusal=str(exc), status=409)
        child = done.form.application.child
        number = done.form.application.registration_number
        text = _("The form of %(name)s is final. The parents get a confirmation.")
        if raw.get("no_email") == "1":
            text = _("The form of %(name)s is final. Print the confirmation and send it by post.")
        messages.success(self.request, text % {"name": child.full_name})
        self.request.session["entry_carried"] = {name: raw[name] for name in CARRIED if raw.get(name)}
        if raw.get("no_email") == "1" or done.form.version > 1:
            return self.to_child(number)
        return redirect("admissions:entry-start", self.school.brin)

    # --- what the page needs --------------------------------------------------------------------------------------

    def carried(self) -> dict[str, str]:
        """Where the next form of a pile begins."""
        known: dict[str, str] = self.request.session.get("entry_carried", {})
        place = known.get("place") or usual_place(self.school)
        return {"channel": last_channel(known), "language": "nl"} | known | {"place": place}

    def intake(self) -> Intake:
        if not hasattr(self, "_intake"):
            self._intake = intake_for(self.school_round.round)
        return self._intake

    def judged(self, typed: Mapping[str, str]) -> Judged:
        form = self.entry.form if self.entry else None
        return judge(
            typed,
            school_round=self.school_round,
            intake=self.intake(),
            besides=form.application_id if form else None,
            reference=form.form_reference if form else "",
            deep=self.entry is not None,
        )

    def page(
        self, typed: Mapping[str, str], judged: Judged, *, live: bool, refusal: str = "", status: int = 200
    ) -> HttpResponse:
        own = self.school_round.programme.code
        rules = [rule for rule in self.intake().rule_rows if rule.programme.code == own]
        preschool = next((rule.partner_facilities for rule in rules if rule.kind == "preschool"), "")
        stored = self.entry.form if self.entry else None
        form = EntryForm(
            {**typed, **{name: value for name, value in judged.shown.items() if name in typed}},
            claims=[rule.kind for rule in rules],
            partners=preschool,
            window=self.window(),
            is_born_fixed=stored is not None and stored.state == FormState.RELEASED,
        )
        form.say(judged, live=live, typed=typed)
        context = self.live_context(judged, typed, live=live) | {
            "form": form,
            "scan": self.scan or (ScanForm(auto_id="scan_%s") if self.entry is None else None),
            "stored": stored,
            "refusal": refusal,
            "faults": [] if live else self.faults(judged, form),
            "directory": directory_of(self.intake()).values(),
            "choices": judged.choices,
            "extra_open": any(typed.get(name) for name in LISTED[4:])
            or any(problem.field in LISTED[4:] for problem in judged.problems),
            "other_rounds": [row for row in self.rounds() if row.pk != self.school_round.pk]
            if not self.entry
            else [],
        }
        return render(self.request, "admissions/entry.html", context, status=status)

    def live_context(self, judged: Judged, typed: Mapping[str, str], *, live: bool) -> dict[str, Any]:
        """What both the page and the answer to an autosave show."""
        lines = judged.lines(live=live, typed=set(typed))
        round_ = self.school_round.round
        deadline = end_of_day(round_.processing_until) if round_.processing_until else None
        return {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "key": self.kwargs["key"],
            "entry": self.entry,
            "school_round": self.school_round,
            "round": round_,
            "last_day": round_.processing_until if deadline else None,
            "judged": judged,
            "lines": lines,
            "sections": sections_of(judged, typed, live=live),
            "checks": [
                {
                    "point": point,
                    "point_text": str(point),
                    "label": CHECK_LABELS[point],
                    "evaluation": judged.evaluations.get(point),
                    "hand": point in TICKED_BY_HAND,
                }
                for point in range(1, 8)
            ],
            "all_lines": [(name, lines.get(name, [])) for name in FIELDS],
            "own_alike": [found for found in judged.alike if found.school_id == self.school.pk],
            "revision": self.entry.revision if self.entry else 0,
        }

    @staticmethod
    def faults(judged: Judged, form: EntryForm) -> list[tuple[str, str]]:
        """For the summary on top: the field to go to and the sentence; each field once per sentence."""
        seen: dict[tuple[str, str], None] = {}
        for problem in judged.problems:
            target = problem.field if problem.field in form.fields else "kind"
            if target == "care_request":
                target = "care_request_0"
            label = form.fields[problem.field].label if problem.field in form.fields else ""
            seen.setdefault((target, f"{label}: {problem.text}" if label else problem.text))
        return list(seen)

    def window(self) -> str:
        round_ = self.school_round.round
        if not round_.parents_from or not round_.parents_until:
            return ""
        day = pgettext("date format", "j F")
        return _("From %(first)s to %(last)s") % {
            "first": date_format(round_.parents_from, day),
            "last": date_format(round_.parents_until, day),
        }

    def closed_page(self, reason: str, status: int = 200) -> HttpResponse:
        context = {"school": self.school, "scope": self.scope, "now": self.scope.now, "reason": reason}
        if self.request.method == "POST":
            context["typed"] = EntryForm.read(self.request.POST)
        return render(self.request, "admissions/entry_closed.html", context, status=status)

    def to_child(self, number: str) -> HttpResponse:
        return redirect("admissions:application-detail", self.school.brin, number)


class EntryKeepView(EntryView):
    """Autosave: stores what was typed and answers with the pieces of the page that change, never with a field."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.find()
            raw = EntryForm.read(request.POST)
            kept = keep_typed(
                self.kwargs["key"],
                self.school_round,
                raw,
                revision=revision_of(request),
                actor=self.actor,
                window=request.POST.get("window", ""),
                intake=self.intake(),
                is_new=self.entry is None,
            )
        except RefusedError as exc:
            return HttpResponse(str(exc), status=409, content_type="text/plain; charset=utf-8")
        self.entry = kept.entry
        conflict = is_aside(kept.entry, self.actor)
        context = self.live_context(kept.judged, raw, live=True) | {"conflict": conflict}
        return render(request, "admissions/partials/entry_live.html", context, status=200)


class EntryScanView(EntryView):
    """The code on a printed form fills a new draft, through the same services as typing (DH-038)."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            self.find()
            check_entry_open(self.school_round.round)
        except FormError as exc:
            return self.closed_page(str(exc), status=409)
        self.scan = ScanForm(request.POST, auto_id="scan_%s")
        loaded = self.loaded()
        if loaded is None:
            typed = dict(self.entry.typed) if self.entry is not None else self.carried()
            return self.page(typed, self.judged(typed), live=True, status=422)
        raw = self.carried() | loaded.typed
        if self.entry is not None and self.entry.typed != clean_typed(raw)[0]:
            self.kwargs["key"] = uuid.uuid4()  # something was typed in that form: a code never writes over it
            self.entry = None
        try:
            kept = keep_typed(
                self.kwargs["key"],
                self.school_round,
                raw,
                revision=self.entry.revision if self.entry else 0,
                actor=self.actor,
                intake=self.intake(),
                is_new=self.entry is None,
            )
        except RefusedError as exc:
            return self.page(raw, self.judged(raw), live=True, refusal=str(exc), status=409)
        self.entry, self.scan = kept.entry, None
        self.tell(loaded)
        if any("BSN" in problem.text for problem in kept.judged.problems):
            return self.page(kept.entry.typed, kept.judged, live=True, status=422)
        # form-entry.js then puts the cursor in the first field: Tab and Ctrl+Enter work at once.
        return redirect(reverse("admissions:entry", args=[self.school.brin, self.kwargs["key"]]) + "#gelezen")

    def loaded(self) -> LoadedCode | None:
        """What the code holds, or nothing, with the sentence beside the field of the scanner."""
        assert self.scan is not None
        if not self.scan.is_valid():
            return None
        try:
            return load_code(
                self.scan.cleaned_data["code"], school_round=self.school_round, intake=self.intake()
            )
        except PaperCodeError as exc:
            exc.put_on(self.scan)
            return None

    def tell(self, loaded: LoadedCode) -> None:
        sentence = _(
            "The code has been read. Compare every field with the paper; priority and the check you fill in yourself."
        )
        messages.success(self.request, sentence)
        if not loaded.is_first_clear:
            messages.warning(
                self.request, _("The code does not say which school is first. Look at number 1 on the paper.")
            )


class EntryCompareView(EntryView):
    """Two versions of one form, field by field; the second typist chooses (two people in one form)."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.find()
        if self.entry is None:
            raise Http404
        if not is_aside(self.entry, self.actor):
            return redirect("admissions:entry", self.school.brin, self.kwargs["key"])
        form = EntryForm(self.entry.typed)
        rows = [
            {"name": row.field, "label": form.fields[row.field].label, "theirs": row.theirs, "mine": row.mine}
            for row in differences(self.entry, self.actor)
            if row.field in form.fields
        ]
        context = {
            "school": self.school,
            "scope": self.scope,
            "now": self.scope.now,
            "entry": self.entry,
            "rows": rows,
            "key": self.kwargs["key"],
        }
        return render(request, "admissions/entry_compare.html", context)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.find()
        if self.entry is None:
            raise Http404
        mine = frozenset(
            name.removeprefix("kies_")
            for name, value in request.POST.items()
            if name.startswith("kies_") and value == "mijn"
        )
        try:
            kept = settle(
                self.kwargs["key"], self.school_round, mine, revision=revision_of(request), actor=self.actor
            )
        except RefusedError as exc:
            messages.error(request, str(exc))
            return redirect("admissions:entry-compare", self.school.brin, self.kwargs["key"])
        if not is_aside(kept.entry, self.actor):
            messages.success(request, _("The two versions are one again. Look it over and make it final."))
        return redirect("admissions:entry", self.school.brin, self.kwargs["key"])


class EntryDiscardView(EntryPage):
    """Throw away something begun that never became a draft."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        entry = get_object_or_404(entries_of(self.scope), key=self.kwargs["key"])
        try:
            discard_entry(entry)
        except RefusedError as exc:
            messages.error(request, str(exc))
        else:
            messages.success(request, _("It has been thrown away."))
        return redirect("admissions:application-list", self.school.brin)


def revision_of(request: HttpRequest) -> int:
    """The revision that the page was made from; nonsense counts as an old one."""
    text = request.POST.get("revision", "0")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0


def sections_of(judged: Judged, typed: Mapping[str, str], *, live: bool) -> list[Section]:
    """The parts of the paper form with how they stand."""
    said = judged.lines(live=live, typed=set(typed))
    wrong = {problem.field for problem in judged.problems}
    rows = []
    for key, label, fields in SECTIONS:
        faults = sum(1 for name in fields if any(line.kind == "error" for line in said.get(name, [])))
        open_ = any(name in wrong for name in fields)
        rows.append(Section(key, str(label), faults, "bad" if faults else "todo" if open_ else "done"))
    return rows
