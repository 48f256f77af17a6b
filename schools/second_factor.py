"""Nobody starts or attests a draw with a password alone (DESIGN section 8)."""

from collections.abc import Callable, Iterable
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _

from schools.access import memberships_of
from schools.enums import SECOND_FACTOR_ROLES

# Spare codes alone are no second factor: they only stand in for one.
SECOND_FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Where somebody without a second factor may be: setting one up, the own account, logging out.
OPEN_PAGES = ("account_", "mfa_")
OPEN_VIEWS = frozenset({"set_language"})


def needs_second_factor(user: Any) -> bool:
    """One of the roles of ``user`` asks for a second factor, and there is none yet."""
    roles = {membership.role for membership in memberships_of(user)}
    if SECOND_FACTOR_ROLES.isdisjoint(roles):
        return False
    return not Authenticator.objects.filter(user_id=user.pk, type__in=SECOND_FACTORS).exists()


class SecondFactorMiddleware:
    """Send whoever needs a second factor and has none to the page where it is set up; nothing else opens."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Iterable[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        name = getattr(request.resolver_match, "url_name", None) or ""
        is_public = not getattr(view, "login_required", True)
        if is_public or name.startswith(OPEN_PAGES) or name in OPEN_VIEWS:
            return None
        if not request.user.is_authenticated or not needs_second_factor(request.user):
            return None
        messages.warning(
            request,
            _(
                "Your role needs safe logging in. Connect an app with codes first; after that everything opens."
            ),
        )
        return HttpResponseRedirect(reverse("mfa_activate_totp"))


def has_code_app(user: Any) -> bool:
    """An app that shows codes; somebody with only a security key showed it when logging in."""
    return Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).exists()


def code_is_right(user: Any, code: str) -> bool:
    """Check a code again at a moment that matters; a code works once."""
    from allauth.mfa.totp.internal.auth import TOTP

    authenticator = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).first()
    return authenticator is None or bool(TOTP(authenticator).validate_code("".join(code.split())))
