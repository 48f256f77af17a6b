"""School boards and where they get the commitment of every draw (OA-LOT/1 section 4.3)."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from admissions.services.draws.commitment_mail import boards_of, set_board_mail
from admissions.views.office import OfficePage
from schools.models import Board


class BoardMailForm(forms.Form):
    """One mail address for each board."""

    def __init__(self, *args: Any, boards: list[Board], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for board in boards:
            self.fields[f"board{board.pk}"] = forms.EmailField(
                label=board.name,
                required=False,
                initial=board.contact_email,
                error_messages={"invalid": _("This is not a mail address. Write it as name@example.org.")},
            )


class BoardMailView(OfficePage):
    """Every board with its mail address."""

    permission: ClassVar[str] = "admissions.run_rounds"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.show(BoardMailForm(boards=self.boards()), status=200)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        boards = self.boards()
        form = BoardMailForm(request.POST, boards=boards)
        if not form.is_valid():
            return self.show(form, status=422)
        addresses = {board.pk: form.cleaned_data[f"board{board.pk}"] for board in boards}
        set_board_mail(self.scope.year, addresses, actor=request.user)  # type: ignore[arg-type]
        messages.success(request, _("The addresses are stored."))
        return redirect("admissions:board-mail")

    def boards(self) -> list[Board]:
        return list(boards_of(self.region))

    def show(self, form: BoardMailForm, *, status: int) -> HttpResponse:
        self.request.oa_section = "admissions:school-list"  # type: ignore[attr-defined]
        return render(
            self.request, "admissions/board_mail.html", self.common() | {"form": form}, status=status
        )
