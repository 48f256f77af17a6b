"""What a record is worth that somebody gives back with a signature: intact, whole, ours, and signed by whom.

The notary signs our record with own means and hands in the file. The findings are codes with values, so that every
reader gets them in the own language (``sentences``).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import structlog
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from lottery.enums import AttestationKind, SessionState, SignedBy
from lottery.models import DrawSession, SignedRecord
from lottery.services.ceremony import check_role, moment_of
from lottery.services.pdf_signatures import (
    ReturnedError,
    Signature,
    attached_files,
    open_pdf,
    pages_untouched,
    signatures_of,
    unreadable,
)
from lottery.services.sessions import attest, lock_session
from schools.enums import Role
from schools.models import User

log = structlog.get_logger(__name__)

# With any of these the copy is not taken.
FATAL: Final = frozenset(
    {"broken", "forged", "changed_after", "not_whole", "pages_changed", "not_ours", "files_differ"}
)


@dataclass(frozen=True, slots=True)
class Findings:
    """What a returned copy turned out to be."""

    signatures: tuple[Signature, ...]
    starts_with_ours: bool  # byte for byte our record, with a signature behind it
    pages_are_ours: bool
    files_are_ours: bool
    codes: list[list[Any]] = field(default_factory=list)


def examine(content: bytes, session: DrawSession) -> Findings:
    """Look at a PDF that should be the complete record of ``session`` with a signature.

    Errors: ReturnedError when it cannot be opened or carries no signature of somebody else.
    """
    reader = open_pdf(content)
    ours = set(session.signed_records.filter(origin=SignedBy.OPERATOR).values_list("fingerprint", flat=True))
    try:
        signatures = tuple(signatures_of(reader))
        record = bytes(session.record or b"")
        starts = bool(record) and content.startswith(record)
        same_pages = starts and pages_untouched(reader)
        same_files = attached_files(content) == session.files()
    except ReturnedError:
        raise
    except Exception as exc:  # a file from outside: the libraries stumble in every way there is
        log.info("returned_record_unreadable", session=session.name, error=type(exc).__name__)
        raise ReturnedError(unreadable()) from exc
    others = [signature for signature in signatures if signature.fingerprint not in ours]
    if not signatures:
        raise ReturnedError(
            _(
                "There is no digital signature in this PDF. Sign it with your own certificate and hand it in again."
            )
        )
    if not others:
        raise ReturnedError(
            _(
                "The only signature in this PDF is the one of this installation. "
                "Add your own signature and hand it in again."
            )
        )
    found = Findings(signatures, starts, same_pages, same_files)
    found.codes.extend(_codes(found, others))
    return found


def _codes(found: Findings, others: list[Signature]) -> Iterator[list[Any]]:
    """The findings in the order in which people read them: broken things first, then whose it is."""
    for signature in found.signatures:
        if not signature.is_intact:
            yield ["broken", signature.name]
        elif not signature.is_valid:
            yield ["forged", signature.name]
    if any(signature.is_changed_after for signature in found.signatures if signature.is_intact):
        yield ["changed_after", ""]
    if not any(signature.covers_all for signature in found.signatures):
        yield ["not_whole", ""]
    if found.starts_with_ours:
        yield ["ours" if found.pages_are_ours else "pages_changed", ""]
    else:
        yield ["rewritten" if found.files_are_ours else "not_ours", ""]
    if found.starts_with_ours and not found.files_are_ours:
        yield ["files_differ", ""]
    for signature in others:
        yield ["signed_by", signature.name]
        yield [
            {None: "issuer_unknown", True: "issuer_trusted", False: "issuer_strange"}[signature.is_trusted],
            signature.issuer,
        ]
        if signature.is_expired:
            yield ["expired", signature.name]


def sentence(code: str, value: str) -> str:
    """A finding in plain words."""
    texts = {
        "broken": _("The signature of %(value)s is broken: the document was changed after signing."),
        "forged": _("The signature of %(value)s was not made with the key of that certificate."),
        "changed_after": _("After a signature something else than a signature was added to the document."),
        "not_whole": _("The last signature does not cover the whole file: something stands behind it."),
        "ours": _(
            "The signature is intact and covers the whole file, and the document is our record, byte for byte."
        ),
        "pages_changed": _("The file begins as our record, but pages or files in it were written anew."),
        "rewritten": _(
            "The signature is intact and the five files inside are ours, but another program wrote the document anew. "
            "Compare its pages with our record."
        ),
        "not_ours": _("This is not the record of this session: the files inside are others, or missing."),
        "files_differ": _("The files inside are not those of this session."),
        "signed_by": _("Signed by %(value)s."),
        "issuer_unknown": _(
            "The certificate was issued by %(value)s. This installation cannot judge that issuer."
        ),
        "issuer_trusted": _(
            "The certificate was issued by %(value)s, an issuer that this installation trusts."
        ),
        "issuer_strange": _(
            "The certificate was issued by %(value)s, and this installation does not know that issuer."
        ),
        "expired": _("The certificate of %(value)s was not valid at the time of signing."),
    }
    return texts[code] % {"value": value}


def sentences(codes: list[list[str]]) -> list[str]:
    """All findings in the language of the reader."""
    return [sentence(code, value) for code, value in codes]


@transaction.atomic
def hand_in(*, session_id: int, content: bytes, actor: User) -> SignedRecord:
    """Keep the signed copy that the notary gives back. The same file twice is one row.

    Errors: ReturnedError with everything that is wrong; then nothing is kept.
    """
    session = lock_session(session_id)
    check_role(session, actor, frozenset({Role.NOTARY}))
    if session.state not in (SessionState.ATTESTED, SessionState.PUBLISHED) or session.record is None:
        raise ReturnedError(_("First attest the session; then sign the record that is made of it."))
    found = examine(content, session)
    wrong = [sentence(code, value) for code, value in found.codes if code in FATAL]
    if wrong:
        raise ReturnedError(
            " ".join([*wrong, _("Download the record again, sign that file, and hand it in as it is.")])
        )
    digits = hashlib.sha256(content).hexdigest()
    ours = set(session.signed_records.filter(origin=SignedBy.OPERATOR).values_list("fingerprint", flat=True))
    signer = [signature for signature in found.signatures if signature.fingerprint not in ours][-1]
    at = moment_of(session)
    with suppress(IntegrityError), transaction.atomic():
        row = SignedRecord.objects.create(
            session=session,
            origin=SignedBy.NOTARY,
            unsigned_hash=session.record_hash if found.starts_with_ours else "",
            content=content,
            hash=digits,
            signer=signer.name,
            fingerprint=signer.fingerprint,
            findings=found.codes,
            user=actor,
            at=at,
        )
        attest(session, AttestationKind.SIGNED, actor=actor, at=at, note=digits)
        return row
    return session.signed_records.get(origin=SignedBy.NOTARY, hash=digits)
