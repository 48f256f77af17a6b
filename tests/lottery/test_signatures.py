"""Records with a digital signature: ours, the notary's, and everything that only looks like one (PAdES, DH-097)."""

import hashlib
import io
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.db import DatabaseError, transaction
from django.utils import translation

from lottery.checks import check_record_certificate
from lottery.enums import AttestationKind, Profile, SessionState, SignedBy
from lottery.models import DrawSession, SignedRecord
from lottery.services import pdf_signatures, signing
from lottery.services.draw_record import build_draw_record
from lottery.services.pdf_signatures import ReturnedError, open_pdf, signatures_of
from lottery.services.returned_record import examine, hand_in, sentences
from lottery.services.signing import (
    EXERCISE_NAME,
    Seal,
    SigningError,
    load_certificate,
    operator_signature,
    seal_for,
    sign_pdf,
    sign_record,
    signed_public_record,
    why_unsigned,
)
from lottery.tasks import build_draw_record_task
from schools.enums import Role, RoundKind
from schools.errors import RefusedError
from schools.models import User
from tests.factories.schools import region_user
from tests.lottery.certificates import PASSWORD, key_and_certificate, p12
from tests.lottery.draw_sessions import vector_session

pytestmark = pytest.mark.django_db


def seal_of(name: str, *, issuer: Any = None) -> Seal:
    key, certificate = key_and_certificate(name, issuer=issuer)
    signer = signing._signer(key, certificate, [issuer[1]] if issuer else [])
    return Seal(signer, name, certificate.fingerprint(hashes.SHA256()).hex(), False)


@pytest.fixture(autouse=True)
def _english(settings: Any, tmp_path_factory: pytest.TempPathFactory):
    settings.EXERCISE_CERTIFICATE = str(tmp_path_factory.getbasetemp() / "oefencertificaat.pem")
    with translation.override("en"):
        yield


@pytest.fixture(scope="module")
def printed(django_db_setup: None, django_db_blocker: Any) -> bytes:
    """The record of the vectors, printed once: it is the same every time."""
    with django_db_blocker.unblock(), transaction.atomic():
        session = vector_session("alm")
        build_draw_record(session_id=session.pk)
        record = bytes(DrawSession.objects.get(pk=session.pk).record or b"")
        transaction.set_rollback(True)
    return record


@pytest.fixture
def session(printed: bytes) -> DrawSession:
    """A real session that the notary has attested, with its record."""
    session = vector_session("alm")
    at = session.verified_at
    for state in (SessionState.APPLIED, SessionState.ATTESTED):
        session.state, session.applied_at, session.attested_at = state, at, at
        session.save()
    session.record, session.record_hash = printed, hashlib.sha256(printed).hexdigest()
    session.save()
    return session


@pytest.fixture
def notary(session: DrawSession) -> User:
    return region_user(session.round.year.region, Role.NOTARY)


def refusal(work: Callable[[], Any]) -> str:
    with pytest.raises(RefusedError) as caught:
        work()
    return str(caught.value)


# --- our own signature ---------------------------------------------------------------------------------------------


def test_record_is_signed_with_the_exercise_certificate_and_both_are_kept(
    session: DrawSession, printed: bytes
):
    row = sign_record(session.pk)
    assert row is not None
    session.refresh_from_db()
    assert bytes(session.record or b"") == printed  # the record itself stays unsigned
    assert row.unsigned_hash == session.record_hash == hashlib.sha256(printed).hexdigest()
    assert bytes(row.content).startswith(printed)
    assert row.hash == hashlib.sha256(bytes(row.content)).hexdigest() != row.unsigned_hash
    assert row.is_exercise
    assert "OEFENCERTIFICAAT" in row.signer
    (found,) = signatures_of(open_pdf(bytes(row.content)))
    assert (found.is_intact, found.is_valid, found.covers_all, found.is_changed_after) == (
        True,
        True,
        True,
        False,
    )
    assert found.fingerprint == row.fingerprint
    text = bytes(row.content)[len(printed) :]
    assert b"/ETSI.CAdES.detached" in text  # PAdES
    assert b"Oefencertificaat" in text or b"Exercise" in text
    assert operator_signature(session) == row


def test_same_record_is_signed_once_and_a_new_one_again(session: DrawSession):
    first = sign_record(session.pk)
    assert sign_record(session.pk) == first
    DrawSession.objects.filter(pk=session.pk).update(notary_name="mr. Ander")
    build_draw_record_task(session.pk)
    session.refresh_from_db()
    assert first is not None and session.signed_records.filter(pk=first.pk).exists()
    assert operator_signature(session) not in (first, None)


def test_public_record_is_signed_too(session: DrawSession):
    """OA-LOT/1 section 7 point 9: what everybody downloads carries our signature, and the pages stay as they are."""
    build_draw_record_task(session.pk)
    session.refresh_from_db()
    public, signed = bytes(session.public_record or b""), signed_public_record(session)
    assert public and signed is not None and signed.startswith(public)
    (found,) = signatures_of(open_pdf(signed))
    assert found.is_intact and found.is_valid and found.covers_all
    mine = operator_signature(session)
    assert (
        mine is not None and mine.unsigned_hash == session.record_hash
    )  # the complete one is not mixed up with it


def test_exercise_certificate_is_made_once_and_only_its_owner_reads_it(settings: Any, tmp_path: Path):
    settings.EXERCISE_CERTIFICATE = str(tmp_path / "new" / "oefen.pem")
    first, second = seal_for(is_rehearsal=True), seal_for(is_rehearsal=True)
    assert first is not None
    assert second is not None
    assert first.fingerprint == second.fingerprint
    assert first.name.startswith(EXERCISE_NAME)
    assert stat.S_IMODE(os.stat(settings.EXERCISE_CERTIFICATE).st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["oefen.pem"]


def test_production_without_a_certificate_leaves_the_record_unsigned_and_says_so(
    session: DrawSession, settings: Any
):
    settings.REHEARSAL_ALLOWED = False
    assert sign_record(session.pk) is None
    assert "no certificate" in why_unsigned(session)
    assert operator_signature(session) is None


@pytest.mark.parametrize("suffix", [".p12", ".pem", "apart"])
def test_certificate_of_the_operator_signs_real_sessions_only(
    session: DrawSession, settings: Any, tmp_path: Path, suffix: str
):
    settings.REHEARSAL_ALLOWED = suffix != ".p12"
    if suffix == ".p12":
        settings.RECORD_CERTIFICATE = str(p12(tmp_path / "oa.p12"))
        settings.RECORD_CERTIFICATE_PASSWORD = PASSWORD
    else:
        key, certificate = key_and_certificate("Gemeente Duinstad")
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / "key.pem").write_bytes(secret)
        public = certificate.public_bytes(Encoding.PEM)
        (tmp_path / "oa.pem").write_bytes(public if suffix == "apart" else secret + public)
        settings.RECORD_CERTIFICATE = str(tmp_path / "oa.pem")
        settings.RECORD_CERTIFICATE_KEY = str(tmp_path / "key.pem") if suffix == "apart" else ""
    row = sign_record(session.pk)
    assert row is not None
    assert row.signer == "Gemeente Duinstad"
    assert not row.is_exercise
    practice = seal_for(is_rehearsal=True)
    assert practice is not None
    assert practice.is_exercise


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda path: p12(path) and None, "password is wrong"),
        (lambda path: path.write_bytes(b""), "holds no certificate"),
        (lambda path: path.write_bytes(b"x" * 5000), "holds no certificate"),
        (lambda path: None, "cannot be read"),
    ],
)
def test_certificate_that_cannot_be_used_is_told_and_stops_nothing(
    session: DrawSession, settings: Any, tmp_path: Path, make: Callable[[Path], Any], told: str
):
    path = tmp_path / "oa.p12"
    make(path)
    settings.RECORD_CERTIFICATE, settings.RECORD_CERTIFICATE_PASSWORD = str(path), "verkeerd"
    assert told in refusal(lambda: load_certificate(path, password="verkeerd"))
    assert sign_record(session.pk) is None
    assert told in why_unsigned(session)
    assert "verkeerd" not in why_unsigned(session)


def test_check_before_going_live_says_what_is_wrong_with_the_certificate(settings: Any, tmp_path: Path):
    settings.REHEARSAL_ALLOWED = False
    assert [found.id for found in check_record_certificate()] == ["lottery.W001"]
    settings.RECORD_CERTIFICATE = str(p12(tmp_path / "oa.p12"))
    assert [found.id for found in check_record_certificate()] == ["lottery.E001"]
    settings.RECORD_CERTIFICATE_PASSWORD = PASSWORD
    assert check_record_certificate() == []


def test_key_of_another_certificate_is_refused(tmp_path: Path):
    key, _mine = key_and_certificate("Een")
    _key, other = key_and_certificate("Twee")
    (tmp_path / "mix.pem").write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        + other.public_bytes(Encoding.PEM)
    )
    with pytest.raises(SigningError, match="do not belong together"):
        load_certificate(tmp_path / "mix.pem")


def test_signed_records_and_attestations_are_only_added_to(session: DrawSession):
    row = sign_record(session.pk)
    assert row is not None
    for work in (
        lambda: SignedRecord.objects.filter(pk=row.pk).update(signer="Iemand anders"),
        lambda: SignedRecord.objects.filter(pk=row.pk).delete(),
        lambda: session.attestations.update(note="anders"),
        lambda: session.attestations.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            work()


# --- a copy that the notary gives back -----------------------------------------------------------------------------


@pytest.mark.parametrize("base", ["unsigned", "signed by us"])
def test_copy_signed_by_the_notary_is_taken(session: DrawSession, notary: User, printed: bytes, base: str):
    ours = sign_record(session.pk)
    assert ours is not None
    start = printed if base == "unsigned" else bytes(ours.content)
    content = sign_pdf(start, seal_of("mr. Nora Notaris"), field="Notaris")
    row = hand_in(session_id=session.pk, content=content, actor=notary)
    assert (row.origin, row.signer, row.unsigned_hash) == (
        SignedBy.NOTARY,
        "mr. Nora Notaris",
        session.record_hash,
    )
    assert [code for code, _value in row.findings] == ["ours", "signed_by", "issuer_unknown"]
    told = " ".join(sentences(row.findings))
    assert "intact and covers the whole file" in told
    assert "byte for byte" in told
    assert "mr. Nora Notaris" in told
    assert hand_in(session_id=session.pk, content=content, actor=notary) == row  # twice is once
    assert session.attestations.filter(kind=AttestationKind.SIGNED).count() == 1


def test_issuer_is_judged_when_the_operator_says_whom_to_trust(
    session: DrawSession, notary: User, printed: bytes, settings: Any, tmp_path: Path
):
    authority = key_and_certificate("CA Notariaat")
    settings.RECORD_TRUSTED_ISSUERS = str(tmp_path / "trusted.pem")
    Path(settings.RECORD_TRUSTED_ISSUERS).write_bytes(authority[1].public_bytes(Encoding.PEM))
    good = sign_pdf(printed, seal_of("mr. Goed", issuer=authority), field="N")
    strange = sign_pdf(printed, seal_of("mr. Vreemd"), field="N")
    assert "trusts" in sentences(examine(good, session).codes)[2]
    assert "does not know" in sentences(examine(strange, session).codes)[2]


def other_record() -> bytes:
    session = vector_session("vovp", RoundKind.VOVP)
    build_draw_record(session_id=session.pk)
    session.refresh_from_db()
    return bytes(session.record or b"")


def pages_drawn_over(pdf: bytes) -> bytes:
    """Other words on the first page, added behind the record the way an editor does."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Contents"] = writer.add_object(
        generic.StreamObject(stream_data=b"BT /F1 20 Tf 50 700 Td (Anders) Tj ET")
    )
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda pdf, seal: b"", "empty"),
        (lambda pdf, seal: b"onzin " * 1_750_000, "not a PDF"),
        (lambda pdf, seal: b"%PDF-1.7\n" + b"onzin " * 1_740_000, "damaged"),
        (lambda pdf, seal: b"%PDF-1.7\n" + os.urandom(13 * 1024 * 1024), "larger than 12 MB"),
        (lambda pdf, seal: pdf, "no digital signature"),
        (lambda pdf, seal: pdf[: len(pdf) // 2], "damaged"),
        (lambda pdf, seal: sign_pdf(other_record(), seal), "not the record of this session"),
        (lambda pdf, seal: sign_pdf(pages_drawn_over(pdf), seal), "written anew"),
        (
            lambda pdf, seal: pages_drawn_over(sign_pdf(pdf, seal)),
            "something else than a signature was added",
        ),
        (lambda pdf, seal: sign_pdf(pdf, seal) + b"\n% erachter\n", "something stands behind it"),
    ],
    ids=[
        "empty",
        "ten megabytes of nonsense",
        "nonsense that begins as a PDF",
        "too large",
        "not signed",
        "half",
        "other document",
        "pages altered before signing",
        "pages altered after signing",
        "bytes behind the signature",
    ],
)
def test_everything_else_is_refused_with_a_sentence(
    session: DrawSession, notary: User, printed: bytes, make: Callable[[bytes, Seal], bytes], told: str
):
    content = make(printed, seal_of("mr. Nora Notaris"))
    assert told in refusal(lambda: hand_in(session_id=session.pk, content=content, actor=notary))
    assert not session.signed_records.filter(origin=SignedBy.NOTARY).exists()


def test_our_own_signature_alone_is_not_the_notarys(session: DrawSession, notary: User):
    ours = sign_record(session.pk)
    assert ours is not None
    told = refusal(lambda: hand_in(session_id=session.pk, content=bytes(ours.content), actor=notary))
    assert "Add your own signature" in told


def test_no_altered_byte_is_taken(session: DrawSession, notary: User, printed: bytes):
    """A bit of every part: header, pages, fonts, attached files, cross-reference, signature itself."""
    content = sign_pdf(printed, seal_of("mr. Nora Notaris"))
    reserved = content.rindex(b"/Contents <") + 11
    filling = content.index(b"0" * 64, reserved), content.index(b">", reserved)
    step = len(content) // 60
    places = [at for at in range(7, len(content), step) if not filling[0] <= at < filling[1]]
    for at in [*places, reserved + 400, len(content) - 20]:
        altered = bytearray(content)
        altered[at] ^= 1
        with pytest.raises(ReturnedError):
            examined = examine(bytes(altered), session)
            wrong = {code for code, _value in examined.codes}
            assert wrong & {"broken", "forged", "not_whole", "changed_after", "pages_changed", "not_ours"}, at
            raise ReturnedError("refused by its findings")


def test_document_written_anew_by_another_program_is_taken_with_a_warning(
    session: DrawSession, notary: User, printed: bytes
):
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(printed)))
    out = io.BytesIO()
    writer.write(out)
    row = hand_in(
        session_id=session.pk, content=sign_pdf(out.getvalue(), seal_of("mr. Nora Notaris")), actor=notary
    )
    assert row.unsigned_hash == ""
    assert "Compare its pages" in sentences(row.findings)[0]


def test_only_the_notary_hands_in_and_only_after_attesting(
    session: DrawSession, notary: User, printed: bytes
):
    content = sign_pdf(printed, seal_of("mr. Nora Notaris"))
    manager = region_user(session.round.year.region)
    assert "role" in refusal(lambda: hand_in(session_id=session.pk, content=content, actor=manager))
    early = vector_session("hand")
    assert early.profile == Profile.H
    assert "First attest" in refusal(lambda: hand_in(session_id=early.pk, content=content, actor=notary))


def test_limit_of_an_upload_is_what_the_sentence_says():
    assert pdf_signatures.LIMIT == 12 * 1024 * 1024
