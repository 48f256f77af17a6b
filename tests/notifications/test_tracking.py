"""Reports of a mail provider and mail that comes back (DH-052, DH-115): signed, in any order, each counted once."""

import base64
import json

import pytest
from django.test import Client

from notifications.enums import DeliveryState
from notifications.models import Delivery
from notifications.services.deliveries import due_deliveries
from notifications.services.sending import send_batch
from notifications.services.tracking import take_bounce
from tests.lottery.draw_sessions import make_round
from tests.notifications.sinks import Sink, mail_server
from tests.notifications.test_sending import hold

pytestmark = pytest.mark.django_db
S = DeliveryState
SECRET = {"Authorization": "Basic " + base64.b64encode(b"oa:geheim").decode()}
URL = "/mail/postmark/tracking/"


@pytest.fixture
def sent(settings) -> Delivery:
    """A mail that was offered; reports of the provider are expected."""
    with mail_server(Sink()):
        send_batch(hold(make_round(), "ouder@example.org"))
    settings.OA_MAIL_PROVIDER = "postmark"
    settings.ANYMAIL = {"WEBHOOK_SECRET": "oa:geheim"}
    row = Delivery.objects.get()
    assert row.state == S.OFFERED
    return row


def report(row: Delivery, kind: str, at: str, **fields: object) -> dict[str, object]:
    return {
        "RecordType": kind,
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": "ouder@example.org",
        "Metadata": {"delivery": row.key},
        "DeliveredAt": at,
        "BouncedAt": at,
        **fields,
    }


def post(body: dict[str, object], headers: dict[str, str] = SECRET) -> int:
    return Client().post(URL, json.dumps(body), content_type="application/json", headers=headers).status_code


def state(row: Delivery) -> str:
    row.refresh_from_db()
    return row.state


def test_delivered_is_received_and_a_bounce_afterwards_is_failed(sent: Delivery):
    assert post(report(sent, "Delivery", "2026-11-22T10:00:00Z")) == 200
    assert state(sent) == S.RECEIVED
    bounce = {
        "Type": "HardBounce",
        "TypeCode": 1,
        "ID": 42,
        "Description": "5.1.1 gone",
        "Details": "smtp;550 5.1.1",
    }
    assert post(report(sent, "Bounce", "2026-11-22T10:05:00Z", **bounce)) == 200
    assert state(sent) == S.FAILED


def test_reports_in_the_wrong_order_and_twice(sent: Delivery):
    bounce = report(sent, "Bounce", "2026-11-22T10:05:00Z", Type="HardBounce", TypeCode=1, ID=42)
    assert [post(bounce), post(bounce)] == [200, 200]
    assert post(report(sent, "Delivery", "2026-11-22T10:00:00Z")) == 200
    assert state(sent) == S.FAILED
    assert sent.events.filter(state=S.FAILED).count() == 1


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Basic " + base64.b64encode(b"oa:geraden").decode()}]
)
def test_report_that_is_not_signed_changes_nothing(sent: Delivery, headers: dict[str, str]):
    assert post(report(sent, "Delivery", "2026-11-22T10:00:00Z"), headers) == 400
    assert state(sent) == S.OFFERED


def test_other_provider_no_secret_or_unknown_mail(sent: Delivery, settings):
    body = json.dumps(report(sent, "Delivery", "2026-11-22T10:00:00Z"))
    other = Client().post("/mail/mailgun/tracking/", body, content_type="application/json", headers=SECRET)
    assert other.status_code == 404
    assert post(report(sent, "Delivery", "2026-11-22T10:00:00Z", Metadata={"delivery": "0" * 32})) == 200
    settings.ANYMAIL = {}
    assert post(report(sent, "Delivery", "2026-11-22T10:00:00Z")) == 404
    assert state(sent) == S.OFFERED


BOUNCE = """\
From: MAILER-DAEMON@mail.example.org
To: aanmelden@duinstad.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <1@mail.example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="grens"

--grens
Content-Type: text/plain

It did not work.
--grens
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.example.org

Final-Recipient: rfc822; ouder@example.org
Action: {action}
Status: 5.1.1
--grens
Content-Type: text/rfc822-headers

Message-ID: <{key}@duinstad.example>
Subject: x
--grens--
"""


def test_mail_that_comes_back_is_failed_and_asks_for_nothing_twice(sent: Delivery):
    """Accepted and then bounced."""
    content = BOUNCE.format(action="failed", key=sent.key).encode()
    assert take_bounce(content) == 1
    assert (state(sent), sent.code) == (S.FAILED, "5.1.1")
    take_bounce(content)
    assert sent.events.filter(state=S.FAILED).count() == 1
    assert send_batch(due_deliveries()) == 0


def test_mail_that_is_only_late_is_postponed_and_not_sent_again_by_us(sent: Delivery):
    take_bounce(BOUNCE.format(action="delayed", key=sent.key).encode())
    assert state(sent) == S.DEFERRED
    assert due_deliveries() == []


@pytest.mark.parametrize("content", [b"", b"Subject: hello\n\nI am on holiday", b"\xff\xfe\x00"])
def test_mail_that_is_no_bounce_changes_nothing(sent: Delivery, content: bytes):
    assert take_bounce(content) == 0
    assert take_bounce(BOUNCE.format(action="failed", key="f" * 32).encode()) == 0
    assert state(sent) == S.OFFERED
