"""The release of a round on the pages of the office, and letters by post (Q-48, DH-111, DH-159)."""

from typing import Any, ClassVar

from django.contrib import messages
from django.db.models import Count
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import TemplateView

from admissions.forms.reach import PostedForm
from admissions.selectors.children import CARE_MESSAGES
from admissions.selectors.outbox import messages_of
from admissions.services.letters.offers import open_round, release_of
from admissions.services.replies.reply_period import post_letters
from admissions.tables.office import kind_word
from admissions.views.office import OfficePage
from admissions.views.rounds import RoundPage
from notifications.enums import SCHOOL_KINDS, DeliveryState
from notifications.models import Delivery, PrintBatch, Release
from notifications.services.print_batches import in_address_order, make_batch, waiting_for_post
from notifications.services.releases import (
    check_recipients,
    confirm_release,
    differences,
    held_rows,
    last_look,
    mark_read,
    take_back,
    take_look,
    why_not,
)
from schools.clock import now
from schools.errors import RefusedError
from schools.mail import sends_mail
from schools.models import User


class ReleasePage(RoundPage):
    """A page about the release of one round that has been drawn."""

    permission = "admissions.view_outbox"

    def release(self) -> Release:
        round_ = self.found()
        if not round_.is_played or round_.offers_on is None:
            raise Http404
        return release_of(round_)

    @property
    def user(self) -> User:
        assert isinstance(self.request.user, User)
        return self.request.user

    @property
    def hidden(self) -> tuple[str, ...]:
        """Care letters are read by who may see care data (DH-180)."""
        return () if self.scope.sees_care else CARE_MESSAGES


class ReleaseView(ReleasePage, TemplateView):
    """What waits, who is ready, five letters to read, what changed since the last look, and the two confirmations."""

    template_name = "admissions/release.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        release, user = self.release(), self.user
        rows = [row for row in held_rows(release) if row.kind not in self.hidden]
        look = last_look(release, user)
        sample = messages_of(self.scope).filter(pk__in=look.sample) if look else []
        late = [row for row in rows if not row.is_ready]
        kinds: dict[str, int] = {}
        for row in rows:
            kinds[row.kind] = kinds.get(row.kind, 0) + row.number
        return super().get_context_data(**kwargs) | {
            "release": Release.objects.select_related("first_by", "second_by").get(pk=release.pk),
            "rows": [(kind_word(row.kind), row) for row in rows if row.kind in SCHOOL_KINDS],
            "kinds": [(kind_word(kind), kind, number) for kind, number in sorted(kinds.items())],
            "total": sum(kinds.values()),
            "late": sum(row.number for row in late),
            "late_schools": len({row.school_id for row in late}),
            "look": look,
            "sample": [(message, message.pk in look.read) for message in sample] if look else [],
            "changes": [
                (kind_word(change.key.split("|")[0]), change)
                for change in (differences(look, rows) if look else [])
                if change.key.split("|")[0] not in self.hidden
            ],
            "problems": [
                (problem, next(iter(messages_of(self.scope).filter(pk=problem["message"])), None))
                for problem in release.checked.get("problems", [])
            ]
            if self.scope.sees_care or not release.checked.get("wrong")
            else [({"text": _("Somebody who may see care data can read which ones.")}, None)],
            "refusal": why_not(release, user),
            "is_due": now(self.scope.year) >= release.moment,
            "may_act": user.has_perm("admissions.run_rounds", self.region),
            "sends_mail": sends_mail() and not self.scope.year.is_rehearsal,
            "waiting_post": waiting_for_post(self.scope.year).count(),
        }


class ReleaseAction(ReleasePage):
    """Something that is done on the page; a refusal becomes one sentence."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def act(self, release: Release) -> str:
        raise NotImplementedError

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            told = self.act(self.release())
        except RefusedError as exc:
            messages.warning(request, str(exc))
        else:
            if told:
                messages.success(request, told)
        return redirect("admissions:release", self.code)


class LookView(ReleaseAction):
    """Choose five letters at random and keep what there is now."""

    def act(self, release: Release) -> str:
        take_look(release, self.user, at=self.scope.now, hidden=self.hidden)
        return _("Five letters are chosen. Open each of them.")


class CheckView(ReleaseAction):
    """Render every recipient without sending."""

    def act(self, release: Release) -> str:
        found = check_recipients(release, at=self.scope.now)
        if not found.is_clean:
            return ""
        return ngettext(
            "%(n)d letter looked at. It is complete.",
            "%(n)d letters looked at. All are complete.",
            found.rendered,
        ) % {"n": found.rendered}


class ConfirmView(ReleaseAction):
    """One of the two people; when the moment has come, the second one opens it."""

    def act(self, release: Release) -> str:
        release = confirm_release(release.pk, actor=self.user, at=self.scope.now)
        if release.second_by_id is None:
            return _("You have confirmed. Now somebody else of the office must do it too.")
        if self.scope.now < release.moment:
            return _("Two people have confirmed. The letters go out by themselves at their moment.")
        sent = open_round(self.found(), actor=self.user)
        return ngettext("%(n)d message has gone out.", "%(n)d messages have gone out.", sent.messages) % {
            "n": sent.messages
        }


class TakeBackView(ReleaseAction):
    def act(self, release: Release) -> str:
        take_back(release.pk)
        return _("Taken back. Nothing goes out until two people confirm again.")


class ReadLetterView(OfficePage):
    """Open one of the five letters that were chosen for somebody; that counts as read."""

    permission = "admissions.view_outbox"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        message = get_object_or_404(messages_of(self.scope), pk=kwargs["pk"])
        release = Release.objects.filter(round=message.round_id).first()
        if release is not None:
            mark_read(release, request.user, message.pk)  # type: ignore[arg-type]
        return redirect("admissions:message", message.pk)


OF_OFFICE = "bureau"  # in the address of a print file: the letters that no school sends


class PostView(OfficePage):
    """Letters by post: what waits, the batches, and the day each went."""

    permission = "admissions.view_outbox"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(request)

    def answer(self, request: HttpRequest, form: PostedForm | None = None, status: int = 200) -> HttpResponse:
        year = self.scope.year
        batches = list(PrintBatch.objects.filter(year=year).select_related("made_by", "school")[:50])
        per_school: dict[int, list[tuple[str, str, int]]] = {}
        rows = Delivery.objects.filter(batch__in=batches).exclude(state=DeliveryState.STORED)
        for batch_id, brin, name, number in (
            rows.order_by("message__school__name", "message__school__brin")
            .values_list("batch_id", "message__school__brin", "message__school__name")
            .annotate(n=Count("pk"))
        ):
            per_school.setdefault(batch_id, []).append((brin or OF_OFFICE, name or "", number))
        context = self.common() | {
            "waiting": waiting_for_post(year).count(),
            "batches": [
                (
                    batch,
                    batch.deliveries.count(),
                    form if form is not None and form.prefix == str(batch.pk) else self.form(batch),
                    per_school.get(batch.pk, []),
                )
                for batch in batches
            ],
            "form": form,
            "may_act": request.user.has_perm("admissions.run_rounds", self.region),
        }
        return render(request, "admissions/post.html", context, status=status)

    def form(self, batch: PrintBatch, data: Any = None) -> PostedForm:
        return PostedForm(data, prefix=str(batch.pk), initial={"on": self.scope.today})


class MakeBatchView(PostView):
    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            make_batch(self.scope.year, school=None, actor=request.user, at=self.scope.now)  # type: ignore[arg-type]
        except RefusedError as exc:
            messages.warning(request, str(exc))
        return redirect("admissions:post")


class BatchPage(PostView):
    def batch(self) -> PrintBatch:
        return get_object_or_404(PrintBatch, pk=self.kwargs["pk"], year=self.scope.year)


class PostedView(BatchPage):
    """The day a batch went to the post."""

    permission = "admissions.run_rounds"
    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        batch = self.batch()
        form = self.form(batch, request.POST)
        if not form.is_valid():
            return self.answer(request, form, status=422)
        try:
            number = post_letters(batch, on=form.cleaned_data["on"], actor=request.user)  # type: ignore[arg-type]
        except RefusedError as exc:
            form.add_error("on", str(exc))
            return self.answer(request, form, status=409)
        told = ngettext("%(n)d letter was posted.", "%(n)d letters were posted.", number)
        messages.success(request, told % {"n": number})
        return redirect("admissions:post")


class BatchPdfView(BatchPage):
    """The letters of a batch as one PDF in the order of the addresses: of one school, or all of them."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from notifications.services.batch_pdf import batch_pdf

        batch = self.batch()
        rows = batch.deliveries.exclude(state=DeliveryState.STORED)
        school = request.GET.get("school", "")
        if school == OF_OFFICE:
            rows = rows.filter(message__school=None)
        elif school:
            rows = rows.filter(message__school__brin=school)
        ids = in_address_order(rows)
        if school and not ids:
            raise Http404
        try:
            pdf = batch_pdf(ids)
        except RefusedError as exc:
            messages.warning(request, str(exc))
            return redirect("admissions:post")
        name = f"brieven-{batch.pk}-{school}" if school else f"brieven-{batch.pk}"  # a BRIN that was found
        response = HttpResponse(pdf, content_type="application/pdf")
        response.headers["Content-Disposition"] = f'attachment; filename="{name}.pdf"'
        response.headers["Cache-Control"] = "private, no-store"
        return response
