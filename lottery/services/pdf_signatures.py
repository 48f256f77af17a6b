"""What stands in a PDF from outside: its signatures, the files inside, and whether its pages were written anew.

Nothing is fetched from a network: whether a certificate was withdrawn cannot be seen here.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from lottery.services.signing import name_of
from schools.errors import RefusedError

log = structlog.get_logger(__name__)

LIMIT: Final = 12 * 1024 * 1024  # bytes of an upload
# What a program that signs may write anew without touching what people read: structure for screen readers, metadata.
HARMLESS: Final = frozenset({"/StructTreeRoot", "/StructElem", "/Metadata"})
OF_THE_CATALOG: Final = frozenset(
    {"/AcroForm", "/Extensions", "/DSS", "/Perms", "/Metadata", "/Version", "/StructTreeRoot", "/MarkInfo"}
)
OF_A_PAGE: Final = frozenset({"/Annots", "/Tabs", "/StructParents", "/LastModified"})


class ReturnedError(RefusedError):
    """This file is no signed copy of the record; says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature in a PDF."""

    name: str
    issuer: str
    fingerprint: str
    is_intact: bool  # not one byte of what it covers has changed
    is_valid: bool  # made with the key of its certificate
    covers_all: bool
    is_changed_after: bool
    is_trusted: bool | None  # None: there is nothing to judge by
    is_expired: bool
    at: datetime | None


def open_pdf(content: bytes) -> Any:
    """A reader of the whole structure. Raises ReturnedError for what is no PDF, too large or damaged."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    if not content:
        raise ReturnedError(_("This file is empty. Choose the PDF that you signed."))
    if len(content) > LIMIT:
        raise ReturnedError(
            _("This file is larger than %(limit)d MB. Hand in the PDF itself, not a scan.")
            % {"limit": LIMIT // 1024 // 1024}
        )
    if not content.startswith(b"%PDF-"):
        raise ReturnedError(_("This is not a PDF. Choose the PDF that you signed."))
    try:
        reader = PdfFileReader(io.BytesIO(content))
        reader.embedded_signatures  # noqa: B018  reads the whole structure
    except Exception as exc:  # a file from outside: the library stumbles in every way there is
        raise ReturnedError(unreadable()) from exc
    if reader.encrypted:
        raise ReturnedError(_("This PDF is locked with a password. Hand it in without one."))
    return reader


def unreadable() -> str:
    """The sentence for a PDF that the libraries stumble over."""
    return _("This PDF is damaged and cannot be read. Save it again in the program that you signed with.")


def signatures_of(reader: Any) -> Iterator[Signature]:
    """Every signature in the order in which they were set; time stamps alone are none."""
    from pyhanko.sign.diff_analysis import ModificationLevel
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel

    roots = _trusted_issuers()
    for embedded in reader.embedded_regular_signatures:
        status = validate_pdf_signature(embedded, signer_validation_context=_context(roots))
        certificate = status.signing_cert
        at = status.signer_reported_dt
        window = certificate.not_valid_before, certificate.not_valid_after
        yield Signature(
            name=name_of(certificate.subject.native),
            issuer=name_of(certificate.issuer.native),
            fingerprint=certificate.sha256.hex(),
            is_intact=bool(status.intact),
            is_valid=bool(status.valid),
            covers_all=status.coverage == SignatureCoverageLevel.ENTIRE_FILE,
            is_changed_after=status.coverage < SignatureCoverageLevel.ENTIRE_REVISION
            or status.modification_level not in (ModificationLevel.NONE, *_signing_only()),
            is_trusted=bool(status.trusted) if roots else None,
            is_expired=at is not None and not window[0] <= at <= window[1],
            at=at,
        )


def _signing_only() -> tuple[Any, ...]:
    from pyhanko.sign.diff_analysis import ModificationLevel

    return ModificationLevel.LTA_UPDATES, ModificationLevel.FORM_FILLING


def _context(roots: list[Any]) -> Any:
    from pyhanko_certvalidator import ValidationContext

    return ValidationContext(trust_roots=roots, allow_fetching=False)


def _trusted_issuers() -> list[Any]:
    """The issuers of RECORD_TRUSTED_ISSUERS; nothing when the file cannot be used, and then nobody is trusted."""
    if not settings.RECORD_TRUSTED_ISSUERS:
        return []
    from asn1crypto import pem, x509

    try:
        content = Path(settings.RECORD_TRUSTED_ISSUERS).read_bytes()
        return [x509.Certificate.load(der) for _kind, _head, der in pem.unarmor(content, multiple=True)]
    except (OSError, ValueError) as exc:
        log.error("trusted_issuers_unreadable", error=type(exc).__name__)
        return []


def pages_untouched(reader: Any) -> bool:
    """Whether what was written behind the first revision leaves every page as it was.

    A signature writes the catalogue and a page anew, to say where it is. Everything else that existed (the words, the
    fonts, the files inside) must not be written a second time.
    """
    from pyhanko.pdf_utils.generic import DictionaryObject

    first, last = reader.get_historical_resolver(0), reader.xrefs.total_revisions - 1
    if last < 1:
        return True
    known = set(first.explicit_refs_in_revision())
    newest = reader.get_historical_resolver(last)
    changed: set[Any] = set()
    for revision in range(1, last + 1):
        resolver = reader.get_historical_resolver(revision)
        if resolver.refs_freed_in_revision() & known:
            return False
        changed |= set(resolver.explicit_refs_in_revision()) & known
    trailer, catalog = first.trailer_view, reader.root_ref.idnum
    about = trailer.raw_get("/Info").idnum if "/Info" in trailer else None  # title and dates
    for ref in changed:
        old, new = first(ref), newest(ref)
        if old == new or ref.idnum == about:
            continue
        if not isinstance(old, DictionaryObject) or not isinstance(new, DictionaryObject):
            return False
        kind = old.raw_get("/Type") if "/Type" in old else None
        if kind in HARMLESS and new.get("/Type") == kind:
            continue
        allowed = OF_THE_CATALOG if ref.idnum == catalog else OF_A_PAGE if kind == "/Page" else frozenset()
        if not allowed or not _same_but_for(old, new, allowed):
            return False
        if kind == "/Page" and not _only_signatures_added(old, new):
            return False
    return True


def _same_but_for(old: Any, new: Any, allowed: frozenset[str]) -> bool:
    keys = (set(old) | set(new)) - allowed
    return all(key in old and key in new and old.raw_get(key) == new.raw_get(key) for key in keys)


def _only_signatures_added(old: Any, new: Any) -> bool:
    before = {str(item) for item in _references(old)}
    after = {str(item): item for item in _references(new)}
    if before - after.keys():
        return False
    for key, item in after.items():
        if key in before:
            continue
        annotation = item.get_object()
        kind = annotation.get("/FT") or annotation.get("/Parent", {}).get("/FT")
        if annotation.get("/Subtype") != "/Widget" or kind != "/Sig":
            return False
    return True


def _references(page: Any) -> list[Any]:
    annotations = page.get("/Annots", ())
    return [annotations.raw_get(index) for index in range(len(annotations))] if annotations else []


def attached_files(content: bytes) -> dict[str, bytes]:
    """The files inside a PDF, by name."""
    from pypdf import PdfReader

    return {name: found[0] for name, found in PdfReader(io.BytesIO(content)).attachments.items() if found}
