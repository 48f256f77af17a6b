"""A time stamp of somebody else on commitment and record, from a service in this process (OA-LOT/1 4.3, RFC 3161)."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from asn1crypto import keys, tsp, x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import translation

from lottery.models import DrawSession, TimeStamp
from lottery.services.time_stamps import COMMITMENT, RECORD, stamp_file
from schools.clock import now
from tests.factories.ceremony import logged_in, open_room
from tests.lottery.certificates import key_and_certificate

Answer = Callable[[bytes], bytes]


@pytest.fixture
def service(settings: Any) -> Iterator[dict[str, Answer]]:
    """A time stamp service on this machine; ``answer`` may be replaced by what a broken one says."""
    from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper

    key, certificate = key_and_certificate("Tijdstempeldienst", key=rsa.generate_private_key(65537, 2048))
    tsa = DummyTimeStamper(
        x509.Certificate.load(certificate.public_bytes(Encoding.DER)),
        keys.PrivateKeyInfo.load(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())),
        fixed_dt=datetime.now(UTC).replace(microsecond=0),
    )
    said: dict[str, Answer] = {
        "answer": lambda asked: tsa.request_tsa_response(tsp.TimeStampReq.load(asked)).dump(),
    }

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = said["answer"](self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    settings.TIMESTAMP_URL = f"http://127.0.0.1:{server.server_port}/"
    settings.TIMESTAMP_TIMEOUT = 5
    try:
        yield said
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.django_db
def test_commitment_is_stamped_when_it_becomes_public(
    service: dict[str, Answer], django_capture_on_commit_callbacks: Any
):
    room = open_room(children=2)
    session = room.freeze()
    assert stamp_file(session.pk, RECORD) is None  # it does not exist yet
    with django_capture_on_commit_callbacks(execute=True):
        from admissions.services.draws.ceremony import confirm_round

        confirm_round(session.pk, actor=room.second)
    row = TimeStamp.objects.get()
    assert (row.file, row.hash, row.authority) == (COMMITMENT, session.commitment_hash, "Tijdstempeldienst")
    session.refresh_from_db()
    assert any("Tijdstempeldienst" in note for note in session.notes)
    assert stamp_file(session.pk, COMMITMENT) == row and TimeStamp.objects.count() == 1  # asked twice
    with pytest.raises(DatabaseError), transaction.atomic():
        TimeStamp.objects.filter(pk=row.pk).update(hash="0" * 64)
    region = room.city.year.region.slug
    public = Client().get(f"/{region}/lotingen/").content.decode()
    assert "vastlegging.tst" in public
    answer = Client().get(f"/{region}/lotingen/{session.name}/vastlegging.tst")
    assert answer.status_code == 200 and answer.content == bytes(row.token)
    assert Client().get(f"/{region}/lotingen/{session.name}/verslag.tst").status_code == 404
    desk = logged_in(room.notary).get(f"/zittingen/{session.name}/")
    assert "vastlegging.tst" in desk.content.decode()


def _of_another_file(answer: Answer) -> Answer:
    def other(asked: bytes) -> bytes:
        request = tsp.TimeStampReq.load(asked)
        request["message_imprint"]["hashed_message"] = b"\0" * 32
        return answer(request.dump(force=True))

    return other


def _altered(answer: Answer) -> Answer:
    def altered(asked: bytes) -> bytes:
        content = bytearray(answer(asked))
        content[-1] ^= 1  # the last byte is of the signature
        return bytes(content)

    return altered


BROKEN: list[tuple[Callable[[Answer], Answer], str]] = [
    (lambda _answer: lambda _asked: b"no stamp", "not a time stamp"),
    (lambda _answer: lambda _asked: b"", "not a time stamp"),
    (_of_another_file, "another file"),
    (_altered, "signature"),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("broken", "words"), BROKEN)
def test_broken_service_is_a_sentence_in_the_record_and_stops_nothing(
    service: dict[str, Answer], broken: Callable[[Answer], Answer], words: str
):
    room = open_room(children=2)
    session = room.commit()
    service["answer"] = broken(service["answer"])
    with translation.override("en"):
        row = stamp_file(session.pk, COMMITMENT)
    assert row is not None and row.token is None and words in row.problem
    session.refresh_from_db()
    assert session.state == "committed" and any(words in note for note in session.notes)
    region = room.city.year.region.slug
    assert Client().get(f"/{region}/lotingen/{session.name}/vastlegging.tst").status_code == 404


@pytest.mark.django_db
def test_service_that_is_not_there_and_a_record(service: dict[str, Answer], settings: Any):
    room = open_room(children=2)
    session = room.commit()
    address, settings.TIMESTAMP_URL = settings.TIMESTAMP_URL, "http://127.0.0.1:1/"
    with translation.override("en"):
        row = stamp_file(session.pk, COMMITMENT)
    assert row is not None and "could not be reached" in row.problem
    settings.TIMESTAMP_URL = address
    import hashlib

    record = b"%PDF- proef"
    DrawSession.objects.filter(pk=session.pk).update(
        record=record, record_hash=hashlib.sha256(record).hexdigest()
    )
    row = stamp_file(session.pk, RECORD)
    assert row is not None and row.token is not None and row.at <= now(room.city.year)
    page = logged_in(room.notary).get(f"/zittingen/{session.name}/bestanden/verslag.tst")
    assert page.status_code == 200 and page.content == bytes(row.token)
    settings.TIMESTAMP_URL = ""
    assert stamp_file(session.pk, COMMITMENT) is None
