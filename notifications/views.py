"""What the outside world asks of messages: reports of the mail provider, and a letter behind its personal link."""

import re
from typing import ClassVar

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils.decorators import method_decorator
from django.views.decorators.csrf import csrf_exempt
from django.views.generic import View

from notifications.enums import MessageState
from notifications.models import Delivery, Letter
from schools.enums import LetterInMail

KEY = re.compile(r"^[0-9a-f]{32}$")


@csrf_exempt
@login_not_required
def tracking(request: HttpRequest, provider: str) -> HttpResponse:
    """Reports of the one provider that is set up, signed with the secret that only it knows; others find nothing."""
    if not settings.OA_MAIL_PROVIDER or provider != settings.OA_MAIL_PROVIDER:
        raise Http404
    if not settings.ANYMAIL.get("WEBHOOK_SECRET"):
        raise Http404
    try:
        view = resolve(f"/{provider}/tracking/", urlconf="anymail.urls").func
    except Resolver404 as exc:
        raise Http404 from exc
    answer: HttpResponse = view(request)
    return answer


@method_decorator(login_not_required, name="dispatch")
class LetterLinkView(View):
    """The letter of one family, for whoever has the link from its mail. Nothing of the child stands in the address."""

    http_method_names: ClassVar[list[str]] = ["get", "head"]  # type: ignore[misc]

    def get(self, request: HttpRequest, key: str) -> HttpResponse:
        if not KEY.match(key):
            raise Http404
        letter = Letter.objects.filter(
            message__deliveries=Delivery.objects.filter(key=key)[:1],
            message__state=MessageState.RELEASED,
            message__year__region__letter_in_mail=LetterInMail.LINK,
        ).first()
        if letter is None:
            raise Http404
        response = HttpResponse(bytes(letter.pdf), content_type="application/pdf")
        response.headers["Content-Disposition"] = 'inline; filename="brief.pdf"'
        response.headers["Cache-Control"] = "private, no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Robots-Tag"] = "noindex"
        return response
