"""A time stamp of somebody else on a commitment or a record, where a service is configured (OA-LOT/1 4.3, RFC 3161).

Only a hash leaves this installation. Nothing waits for the stamp: a service that fails is a sentence in the record.
"""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from lottery.models import DrawSession, TimeStamp
from lottery.services.ceremony import add_note
from lottery.services.sessions import lock_session
from schools.clock import database_now, now
from schools.errors import RefusedError

log = structlog.get_logger(__name__)

COMMITMENT, RECORD = "vastlegging.txt", "verslag.pdf"
# By which name the stamp of a file is downloaded.
TOKENS = {COMMITMENT: "vastlegging.tst", RECORD: "verslag.tst"}
DRIFT = timedelta(minutes=10)  # a service whose clock differs more proves nothing
LARGEST = 64 * 1024  # bytes of a stamp with its certificates; a usual one has 2 to 7 thousand


class StampError(RefusedError):
    """The service gave no stamp that counts."""


@dataclass(frozen=True, slots=True)
class Stamped:
    """A stamp that fits its file: the token as DER, the name of the service, and its time."""

    token: bytes
    authority: str
    at: datetime


def stamp_file(session_id: int, file: str) -> TimeStamp | None:
    """Ask for a stamp on one file of a session; None where no service is configured or the file does not exist.

    Asked again it gives the stamp that is there. A failure is kept with its reason, and for the commitment it stands
    in the record; a record itself is made before its stamp and cannot tell of it.
    """
    session = DrawSession.objects.select_related("round__year").get(pk=session_id)
    content = session.record if file == RECORD else session.commitment
    if not settings.TIMESTAMP_URL or content is None:
        return None
    digest = hashlib.sha256(bytes(content)).digest()
    there = TimeStamp.objects.filter(session=session, hash=digest.hex(), token__isnull=False)
    if (found := there.first()) is not None:
        return found
    stamped, problem = None, ""
    try:
        stamped = fetch_stamp(digest)
    except StampError as exc:
        problem = str(exc)
        log.warning("no_time_stamp", session=session.name, file=file, reason=problem)
    with transaction.atomic():
        session = lock_session(session_id)
        if (found := there.first()) is not None:  # somebody else was a moment earlier
            return found
        row = TimeStamp.objects.create(
            session=session,
            file=file,
            hash=digest.hex(),
            token=stamped.token if stamped else None,
            authority=stamped.authority[:200] if stamped else "",
            stamped_at=stamped.at if stamped else None,
            problem=problem[:300],
            at=now(session.round.year),
        )
        if file == COMMITMENT and session.record is None:
            add_note(session, sentence_of(row))
            session.save(update_fields=["notes"])
    return row


def sentence_of(row: TimeStamp) -> str:
    """What the record says of the stamp on the commitment."""
    if row.stamped_at is None:
        return _("The commitment has no time stamp of another party. %(problem)s") % {"problem": row.problem}
    return _("The commitment has a time stamp (RFC 3161) of %(authority)s: %(at)s (UTC).") % {
        "authority": row.authority or "–",
        "at": row.stamped_at.strftime("%Y-%m-%d %H:%M:%S"),
    }


def fetch_stamp(digest: bytes) -> Stamped:
    """A stamp on a SHA-256 hash, judged: our hash, a signature that is right, and a time that is now.

    Whether the service is one to trust is for whoever checks the stamp; its certificate is inside. Errors: StampError.
    """
    from pyhanko.sign.timestamps.requests_client import RequestsHTTPTimeStamper

    make: Any = RequestsHTTPTimeStamper  # it has no types
    service = make(settings.TIMESTAMP_URL, timeout=settings.TIMESTAMP_TIMEOUT)
    try:
        answer = asyncio.run(service.async_timestamp(digest, "sha256"))
        token = answer.dump()
        if len(token) > LARGEST:
            raise ValueError("too long")
        return _judged(answer, digest, token)
    except StampError:
        raise
    except OSError as exc:  # with the errors of requests and of pyHanko's own client
        raise StampError(_("The time stamp service could not be reached or refused.")) from exc
    except Exception as exc:  # what a stranger sends may break any reader
        log.info("time_stamp_unreadable", error=type(exc).__name__)
        raise StampError(_("What the time stamp service sent is not a time stamp.")) from exc


def _judged(answer: Any, digest: bytes, token: bytes) -> Stamped:
    from pyhanko.sign.general import extract_signer_info
    from pyhanko.sign.validation.generic_cms import validate_sig_integrity

    signed = answer["content"]
    content = bytes(signed["encap_content_info"]["content"])
    told = signed["encap_content_info"]["content"].parsed
    imprint = told["message_imprint"]
    if imprint["hash_algorithm"]["algorithm"].native != "sha256" or (
        imprint["hashed_message"].native != digest
    ):
        raise StampError(_("The time stamp is about another file."))
    signer = extract_signer_info(signed)
    serial = signer["sid"].chosen["serial_number"].native
    certificate = next(
        choice.chosen for choice in signed["certificates"] if choice.chosen.serial_number == serial
    )
    actual = hashlib.new(signer["digest_algorithm"]["algorithm"].native, content).digest()
    intact, valid = validate_sig_integrity(
        signer, certificate, expected_content_type="tst_info", actual_digest=actual
    )
    if not (intact and valid):
        raise StampError(_("The signature on the time stamp is not right."))
    at: datetime = told["gen_time"].native
    if abs(database_now() - at) > DRIFT:
        raise StampError(_("The clock of the time stamp service differs more than ten minutes from ours."))
    return Stamped(token, certificate.subject.native.get("common_name", ""), at)


def public_tokens(session: DrawSession) -> list[str]:
    """The names of the stamps everybody may fetch, without their bytes; a prefetch of ``time_stamps`` is used."""
    return [
        TOKENS[COMMITMENT]
        for row in session.time_stamps.all()
        if row.stamped_at is not None and row.hash == session.commitment_hash
    ]


def tokens_of(session: DrawSession, *, public: bool = False) -> dict[str, bytes]:
    """The stamps of a session by the names under which they can be fetched; the public gets that of the commitment."""
    hashes = {COMMITMENT: session.commitment_hash} | ({} if public else {RECORD: session.record_hash})
    rows = session.time_stamps.filter(token__isnull=False)
    return {
        TOKENS[row.file]: bytes(row.token or b"")
        for row in rows
        if row.file in hashes and hashes[row.file] == row.hash
    }
