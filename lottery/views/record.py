"""The record of a session on its page: making it, its signatures, and the copy that the notary hands in."""

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from lottery.enums import SessionState, SignedBy
from lottery.forms import SignedCopyForm
from lottery.models import DrawSession, SignedRecord
from lottery.services.pdf_signatures import LIMIT
from lottery.services.returned_record import hand_in, sentences
from lottery.services.signing import operator_signature, why_unsigned
from lottery.views.base import LotteryPage, notary_copies
from schools.access import roles_in
from schools.enums import Role
from schools.errors import RefusedError
from schools.services.starting import start


def record_context(session: DrawSession, user: Any) -> dict[str, Any]:
    """What the panel of the record shows: hash before signing, our signature, and the copies handed in."""
    ours = operator_signature(session)
    roles = roles_in(user, session.round.year.region)
    ready = session.state in (SessionState.ATTESTED, SessionState.PUBLISHED) and session.record is not None
    copies = [
        (name, row, sentences(row.findings)) for name, row in notary_copies(_without_bytes(session)).items()
    ]
    return {
        "signed_by_us": ours,
        "why_unsigned": "" if ours or session.record is None else why_unsigned(session),
        "copies": copies,
        "copy_form": SignedCopyForm() if ready and Role.NOTARY in roles else None,
    }


def _without_bytes(session: DrawSession) -> QuerySet[SignedRecord]:
    return session.signed_records.filter(origin=SignedBy.NOTARY).defer("content").select_related("user")


class BuildRecordView(LotteryPage):
    """Ask the worker for a record that is not there yet; asking twice gives the same bytes."""

    http_method_names: ClassVar[list[str]] = ["post"]  # type: ignore[misc]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session = self.session()
        if session.record is None or operator_signature(session) is None:
            start("lottery.tasks.build_draw_record_task", session.pk)
            messages.info(request, _("The record is being made. Reload this page in half a minute."))
        return redirect("lottery:session-detail", session.name)


class SignedCopyView(LotteryPage):
    """The notary hands in the record with an own signature."""

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.answer(self.session(), SignedCopyForm(), status=200)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        session = self.session()
        if Role.NOTARY not in roles_in(request.user, self.region):
            raise PermissionDenied
        form = SignedCopyForm(request.POST, request.FILES)
        if not form.is_valid():
            return self.answer(session, form, status=422)
        try:
            row = hand_in(
                session_id=session.pk,
                content=form.cleaned_data["copy"].read(LIMIT + 1),
                actor=request.user,  # type: ignore[arg-type]
            )
        except RefusedError as exc:
            form.add_error("copy", str(exc))
            return self.answer(session, form, status=409)
        messages.success(
            request, _("The signed record is kept. It was signed by %(name)s.") % {"name": row.signer}
        )
        return redirect("lottery:session-detail", session.name)

    def answer(self, session: DrawSession, form: SignedCopyForm, *, status: int) -> HttpResponse:
        if Role.NOTARY not in roles_in(self.request.user, self.region):
            raise PermissionDenied
        context = {"session": session, "form": form}
        return render(self.request, "lottery/signed_copy.html", context, status=status)
