"""Systems of others that read along: making a token, knowing it again, taking it back."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from admissions.enums import ApiScope
from admissions.models import ApiClient
from schools.clock import database_now
from schools.errors import RefusedError
from schools.models import AdmissionYear, User
from schools.services.events import Fact, record_event

PREFIX = "oa_"
START = 8  # signs that are kept, to recognise a token by
REMEMBER = timedelta(minutes=1)  # the last use is kept to the minute: a reading system writes nothing else


class ClientRefused(RefusedError):
    """This connection cannot be made."""


def hash_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_client(
    year: AdmissionYear, *, name: str, scopes: Iterable[str], actor: User
) -> tuple[ApiClient, str]:
    """A new system of the region of ``year``, and its token: the only time that anybody sees it.

    Raises ClientRefused for an unknown scope, none at all, or a name that is in use.
    """
    chosen = sorted(set(scopes))
    if not chosen or set(chosen) - set(ApiScope.values):
        raise ClientRefused(_("Choose what the system may read."))
    token = PREFIX + secrets.token_urlsafe(32)
    try:
        with transaction.atomic():
            client = ApiClient.objects.create(
                region=year.region,
                name=name,
                token_hash=hash_of(token),
                token_start=token[:START],
                scopes=chosen,
                made_by=actor,
                made_at=database_now(),
            )
    except IntegrityError as exc:
        raise ClientRefused(_("There is a system with this name already.")) from exc
    fact = Fact("api_client_made", "api_client", str(client.pk), new=" ".join(chosen))
    record_event(year, fact, actor=actor)
    return client, token


@transaction.atomic
def withdraw_client(client_id: int, *, year: AdmissionYear, actor: User) -> bool:
    """The token counts no more, from the next request on; False when it was withdrawn before."""
    moved = ApiClient.objects.filter(pk=client_id, region=year.region, withdrawn_at=None).update(
        withdrawn_at=database_now(), withdrawn_by=actor
    )
    if moved:
        record_event(year, Fact("api_client_withdrawn", "api_client", str(client_id)), actor=actor)
    return bool(moved)


def client_of_token(token: str) -> ApiClient | None:
    """The system with this token that may still read; notes that it was here."""
    if not token.startswith(PREFIX) or len(token) > 100:
        return None
    row = (
        ApiClient.objects.filter(token_hash=hash_of(token), withdrawn_at=None)
        .select_related("region")
        .first()
    )
    if row is not None:
        now = database_now()
        if row.last_used_at is None or now - row.last_used_at > REMEMBER:
            ApiClient.objects.filter(pk=row.pk).update(last_used_at=now)
    return row
