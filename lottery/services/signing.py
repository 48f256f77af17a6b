"""The digital signature of this installation on a record (PAdES): with the operator's certificate, or one for practice.

A real session is signed only with a real certificate, and a rehearsal never: a practice record with a real signature
would be worth something. Nothing here uses a network, so there is no time stamp of a third party.
"""

from __future__ import annotations

import io
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from lottery.enums import SignedBy
from lottery.models import DrawSession, SignedRecord
from schools.clock import now
from schools.errors import RefusedError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from pyhanko.sign.signers import SimpleSigner

log = structlog.get_logger(__name__)

FIELD: Final = "OpenAanmelden"  # name of our signature inside the PDF
EXERCISE_NAME: Final = "OEFENCERTIFICAAT (demo), geen echte handtekening"
KEY_BITS: Final = 2048
EXERCISE_FROM, EXERCISE_UNTIL = datetime(2000, 1, 1, tzinfo=UTC), datetime(2099, 12, 31, tzinfo=UTC)
RESERVED: Final = 32_768  # bytes for the signature; a chain of certificates of some issuers is long


class SigningError(RefusedError):
    """The record cannot be signed; the sentence is for the operator."""


@dataclass(frozen=True, slots=True)
class Seal:
    """What signs: the key with its certificate, as people read it."""

    signer: SimpleSigner
    name: str
    fingerprint: str
    is_exercise: bool


def seal_for(*, is_rehearsal: bool) -> Seal | None:
    """What signs a session of this kind; None when this installation signs nothing.

    Errors: SigningError for a certificate that cannot be read: a wrong password, another file, a missing key.
    """
    if is_rehearsal or (not settings.RECORD_CERTIFICATE and settings.REHEARSAL_ALLOWED):
        return _seal(_exercise_signer(Path(settings.EXERCISE_CERTIFICATE)), is_exercise=True)
    if not settings.RECORD_CERTIFICATE:
        return None
    return _seal(
        load_certificate(
            Path(settings.RECORD_CERTIFICATE),
            key=settings.RECORD_CERTIFICATE_KEY,
            password=settings.RECORD_CERTIFICATE_PASSWORD,
        ),
        is_exercise=False,
    )


def _seal(signer: SimpleSigner, *, is_exercise: bool) -> Seal:
    certificate = signer.signing_cert
    if certificate is None:
        raise SigningError(_("The file for signing holds no certificate."))
    return Seal(signer, name_of(certificate.subject.native), certificate.sha256.hex(), is_exercise)


def name_of(subject: dict[str, Any]) -> str:
    """Person and organisation as a certificate names them."""
    parts = [subject.get(part) for part in ("common_name", "organization_name")]
    words = [", ".join(part) if isinstance(part, list) else str(part) for part in parts if part]
    return ", ".join(dict.fromkeys(words))[:200] or "–"


def load_certificate(path: Path, *, key: str = "", password: str = "") -> SimpleSigner:
    """Key and certificate of a PKCS#12 file (.p12, .pfx), or of PEM with the key inside or in a file of its own.

    Errors: SigningError with a sentence that names the file and not the password.
    """
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, pkcs12
    from cryptography.x509 import load_pem_x509_certificates

    try:
        content = path.read_bytes()
        key_content = Path(key).read_bytes() if key else content
    except OSError as exc:
        raise SigningError(
            _("The certificate for signing cannot be read: %(path)s. Look at RECORD_CERTIFICATE.")
            % {"path": exc.filename}
        ) from exc
    secret = password.encode() or None
    try:
        if b"-----BEGIN" in content[:4096]:
            private: Any = load_pem_private_key(key_content, secret)
            certificate, *others = load_pem_x509_certificates(content)
        else:
            private, found, others = pkcs12.load_key_and_certificates(content, secret)
            if private is None or found is None:
                raise ValueError("no key")
            certificate = found
    except (ValueError, TypeError) as exc:
        raise SigningError(
            _(
                "The certificate for signing in %(path)s cannot be opened: the password is wrong, "
                "or the file holds no certificate with its key."
            )
            % {"path": path}
        ) from exc
    if private.public_key() != certificate.public_key():
        raise SigningError(_("Key and certificate in %(path)s do not belong together.") % {"path": path})
    return _signer(private, certificate, others)


def _signer(private: Any, certificate: Certificate, others: list[Certificate]) -> SimpleSigner:
    from asn1crypto import keys, x509
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    chain = SimpleCertificateStore()  # type: ignore[no-untyped-call]
    chain.register_multiple([x509.Certificate.load(other.public_bytes(Encoding.DER)) for other in others])
    return SimpleSigner(
        signing_cert=x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        signing_key=keys.PrivateKeyInfo.load(
            private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ),
        cert_registry=chain,
    )


def _exercise_signer(path: Path) -> SimpleSigner:
    if not path.is_file():
        _make_exercise_certificate(path)
    return load_certificate(path)


def _make_exercise_certificate(path: Path) -> None:
    """A key and a certificate of this machine's own, that say themselves that they are worth nothing."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from cryptography.x509.oid import NameOID

    key = rsa.generate_private_key(65537, KEY_BITS)
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, EXERCISE_NAME),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Open Aanmelden"),
        ]
    )
    usage = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(EXERCISE_FROM)
        .not_valid_after(EXERCISE_UNTIL)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .sign(key, hashes.SHA256())
    )
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    # Two processes that start at once: a link is made whole or not at all, and the first one stays.
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".pem") as file:
        file.write(content + certificate.public_bytes(Encoding.PEM))
        file.flush()
        try:
            os.link(file.name, path)
        except FileExistsError:
            return


def sign_pdf(pdf: bytes, seal: Seal, *, place: str = "", field: str = FIELD) -> bytes:
    """``pdf`` with an invisible PAdES signature behind it: the bytes of ``pdf`` stay as they are."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigSeedSubFilter
    from pyhanko.sign.signers import PdfSignatureMetadata, PdfSigner

    with translation.override("nl"):
        reason = (
            _("Exercise certificate (demo): this signature proves nothing")
            if seal.is_exercise
            else _("Record of the draw, as this installation made it")
        )
    metadata = PdfSignatureMetadata(
        field_name=field,
        md_algorithm="sha256",
        subfilter=SigSeedSubFilter.PADES,
        name=seal.name,
        reason=reason,
        location=place or None,
    )
    out = io.BytesIO()
    PdfSigner(metadata, signer=seal.signer).sign_pdf(
        IncrementalPdfFileWriter(io.BytesIO(pdf)), bytes_reserved=RESERVED, output=out
    )
    return out.getvalue()


def sign_record(session_id: int) -> SignedRecord | None:
    """Sign both versions of the record of a session and keep them; the same bytes are signed once, however often asked.

    Gives the complete one. None when this installation has no certificate for it, or one that cannot be used: the
    records then stay unsigned, and their page says so.
    """
    session = DrawSession.objects.select_related("round__year").get(pk=session_id)
    if session.record is None:
        return None
    try:
        seal = seal_for(is_rehearsal=session.is_rehearsal)
    except SigningError as exc:
        log.error("record_not_signed", session=session.name, reason=str(exc))
        seal = None
    if session.public_record is not None:
        _sign(session, bytes(session.public_record), seal)
    return _sign(session, bytes(session.record), seal)


def _sign(session: DrawSession, pdf: bytes, seal: Seal | None) -> SignedRecord | None:
    from lottery.engine.files import sha256_hex

    signed_before = session.signed_records.filter(origin=SignedBy.OPERATOR, unsigned_hash=sha256_hex(pdf))
    found = signed_before.first()
    if found is not None or seal is None:
        return found
    content = sign_pdf(pdf, seal, place=session.place)
    with transaction.atomic():
        DrawSession.objects.select_for_update().get(pk=session.pk)
        return signed_before.first() or SignedRecord.objects.create(
            session=session,
            origin=SignedBy.OPERATOR,
            unsigned_hash=sha256_hex(pdf),
            content=content,
            hash=sha256_hex(content),
            signer=seal.name,
            fingerprint=seal.fingerprint,
            is_exercise=seal.is_exercise,
            at=now(session.round.year),
        )


def signed_public_record(session: DrawSession) -> bytes | None:
    """The public record with our signature; None while there is none (section 7 point 9)."""
    from lottery.engine.files import sha256_hex

    if session.public_record is None:
        return None
    hash_ = sha256_hex(bytes(session.public_record))
    row = session.signed_records.filter(origin=SignedBy.OPERATOR, unsigned_hash=hash_).first()
    return bytes(row.content) if row is not None else None


def operator_signature(session: DrawSession) -> SignedRecord | None:
    """Our signature on the record as it is now; a signature on an earlier version of it does not count."""
    if not session.record_hash:
        return None
    rows = session.signed_records.filter(origin=SignedBy.OPERATOR, unsigned_hash=session.record_hash)
    return rows.defer("content").first()


def seal_sentence(session: DrawSession) -> str:
    """What the record itself says about its digital signature, before it has one."""
    try:
        seal = seal_for(is_rehearsal=session.is_rehearsal)
    except SigningError:
        seal = None
    if seal is None:
        return _("This record has no digital signature: this installation has no certificate.")
    if seal.is_exercise:
        return _(
            "The digital signature on this record was set with an exercise certificate (demo). It proves nothing."
        )
    return _(
        "This record carries a digital signature of %(name)s. Your PDF reader shows whether it is still intact."
    ) % {"name": seal.name}


def why_unsigned(session: DrawSession) -> str:
    """The sentence beside a record that has no signature of ours."""
    try:
        if seal_for(is_rehearsal=session.is_rehearsal) is None:
            return _("This installation has no certificate, so the record has no digital signature.")
    except SigningError as exc:
        return str(exc)
    return _("The signature is being made. Reload this page in half a minute.")
