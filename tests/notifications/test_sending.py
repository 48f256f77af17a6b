"""Mail that really leaves: once to every address, whatever the mail server does (DH-051, DH-115, STACK section 7)."""

import smtplib
from collections import Counter
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from notifications.enums import Channel, DeliveryState, MessageKind
from notifications.models import Delivery, Message
from notifications.services import sending as sending_module
from notifications.services.deliveries import (
    BACKOFF,
    GIVE_UP,
    claim,
    due_deliveries,
    free_stopped,
    stale_after,
)
from notifications.services.outbox import hold_messages, release_messages, send_now
from notifications.services.sending import build_mail, send_batch, verdict_of
from schools.clock import database_now
from schools.models import Region, Round
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import MERGE, MOMENT, open_release_of
from tests.notifications.sinks import Sink, free_port, mail_server, sending

pytestmark = pytest.mark.django_db
S = DeliveryState


def confirmation(round_: Round, number: int, address: str, **fields: object) -> Message:
    """A confirmation: a mail without a letter, which waits for nothing."""
    values = {
        "year": round_.year,
        "round": round_,
        "kind": MessageKind.M01,
        "case_key": f"A{number:07}/v1",
        "registration_number": f"A{number:07}",
        "recipient_name": "A. de Wit",
        "recipient_email": address,
        "merge": MERGE[MessageKind.M01],
        "not_before": MOMENT,
    }
    return Message(**{**values, **fields})


def hold(round_: Round, *addresses: str, **fields: object) -> list[int]:
    """Released messages with their deliveries; sending is left to the test."""
    send_now([confirmation(round_, n, a, **fields) for n, a in enumerate(addresses, 1)], now=MOMENT)
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


def states() -> list[str]:
    return list(Delivery.objects.order_by("pk").values_list("state", flat=True))


def later(**step: float) -> None:
    """Everything that was postponed is due."""
    Delivery.objects.filter(state=S.DEFERRED).update(next_try_at=database_now() - timedelta(seconds=1))


# --- one mail ------------------------------------------------------------------------------------------------------


def test_mail_arrives_with_its_headers_and_is_offered_never_received():
    round_ = make_round()
    with mail_server(Sink()) as sink:
        (pk,) = hold(round_, "ouder@example.org")
        assert send_batch([pk]) == 1
    mail, row = sink.mail_to("ouder@example.org"), Delivery.objects.get()
    assert (row.state, row.tries, row.sent_at is not None) == (S.OFFERED, 1, True)
    assert mail["Message-ID"] == f"<{row.key}@duinstad.example>"
    assert mail["List-Id"].endswith(f"<berichten.{round_.year.region.slug}.duinstad.example>")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Reply-To"] == "administratie@waterlelie.example"
    assert mail["From"] == "De Waterlelie <aanmelden@duinstad.example>"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert "Noor de Wit" in mail.get_body(("plain",)).get_content()
    html = mail.get_body(("html",)).get_content()
    assert "<img" not in html
    assert (
        "http" not in html.replace("http://www.w3.org", "").replace("https://www.w3.org", "")
        or "src=" not in html
    )
    assert [event.state for event in row.events.all()] == [S.OFFERED]


def test_two_parents_at_two_addresses_get_one_each():
    """Q-39"""
    with mail_server(Sink()) as sink:
        send_batch(hold(make_round(), "een@example.org", copy_name="B. Bos", copy_email="twee@example.org"))
    assert sink.times() == Counter({"een@example.org": 1, "twee@example.org": 1})


def test_two_parents_with_one_address_get_one():
    with mail_server(Sink()) as sink:
        send_batch(hold(make_round(), "een@example.org", copy_name="B. Bos", copy_email="EEN@example.org"))
    assert sink.times() == Counter({"een@example.org": 1})


def test_first_parent_by_post_second_by_mail():
    with mail_server(Sink()) as sink:
        hold(make_round(), "", channel=Channel.POST, copy_name="B. Bos", copy_email="twee@example.org")
        send_batch(due_deliveries())
    assert states() == [S.TO_POST, S.OFFERED]
    assert sink.times() == Counter({"twee@example.org": 1})


@pytest.mark.parametrize(
    ("typed", "arrives"),
    [
        ("jan+school@example.org", "jan+school@example.org"),
        ('"jan de wit"@example.org', '"jan de wit"@example.org'),
        ("o'neill@example.org", "o'neill@example.org"),
        ("ouder@bücher.example", "ouder@xn--bcher-kva.example"),
    ],
)
def test_unusual_addresses(typed: str, arrives: str):
    with mail_server(Sink()) as sink:
        assert send_batch(hold(make_round(), typed)) == 1
    assert [address for address, _mail in sink.mails] == [arrives]


@pytest.mark.parametrize(
    "typed",
    [
        "geen-adres",
        "a@b\nBcc: x@example.org",
        "a b@example.org",
        "@example.org",
        "jan@",
        "jürgen@example.org",
    ],
)
def test_address_that_is_none_fails_at_once_and_holds_up_nobody(typed: str):
    with mail_server(Sink()) as sink:
        assert send_batch(hold(make_round(), typed, "goed@example.org")) == 1
    assert sink.times() == Counter({"goed@example.org": 1})
    assert Delivery.objects.get(email=typed).state == S.FAILED  # on the list to call, whoever may get mail


def test_nothing_slips_into_the_headers():
    nasty = "Eve\r\nBcc: everybody@example.org\r\n\r\nHello"
    merge = {**MERGE[MessageKind.M01], "child_name": nasty, "school_name": nasty, "school_email": nasty}
    with mail_server(Sink()) as sink:
        send_batch(hold(make_round(), "ouder@example.org", recipient_name=nasty, merge=merge))
    ((to, mail),) = sink.mails
    assert to == "ouder@example.org"
    assert mail["Bcc"] is None and "everybody@example.org" not in mail.get("Cc", "")
    assert mail["To"].addresses[0].addr_spec == "ouder@example.org" and len(mail["To"].addresses) == 1


def test_offer_carries_its_letter():
    round_ = make_round()
    open_release_of(round_)
    merge = MERGE[MessageKind.M04]
    hold_messages([confirmation(round_, 1, "ouder@example.org", kind=MessageKind.M04, merge=merge)])
    with mail_server(Sink()) as sink:
        release_messages(round_id=round_.pk, now=MOMENT)
        send_batch(due_deliveries())
    (letter,) = sink.mail_to("ouder@example.org").iter_attachments()
    assert letter.get_content_type() == "application/pdf"
    assert letter.get_content() == bytes(Message.objects.get().letter.pdf)


def test_letter_behind_a_personal_link(client):
    round_ = make_round()
    open_release_of(round_)
    Region.objects.update(letter_in_mail="link")
    merge = MERGE[MessageKind.M04]
    hold_messages([confirmation(round_, 1, "ouder@example.org", kind=MessageKind.M04, merge=merge)])
    with mail_server(Sink(), OA_SITE_URL="https://aanmelden.example.nl") as sink:
        release_messages(round_id=round_.pk, now=MOMENT)
        send_batch(due_deliveries())
    mail, row = sink.mail_to("ouder@example.org"), Delivery.objects.get()
    assert list(mail.iter_attachments()) == []
    link = f"https://aanmelden.example.nl/brief/{row.key}/"
    assert link in mail.get_body(("plain",)).get_content()
    answer = client.get(f"/brief/{row.key}/")
    assert answer.content == bytes(Message.objects.get().letter.pdf)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert client.get(f"/brief/{'0' * 32}/").status_code == 404
    assert client.get("/brief/x/").status_code == 404
    Region.objects.update(letter_in_mail="attached")
    assert client.get(f"/brief/{row.key}/").status_code == 404


# --- mail servers that misbehave -------------------------------------------------------------------------------------


def test_server_down_for_three_days_then_everything_arrives_once():
    port, round_ = free_port(), make_round()
    with sending(port):
        ids = hold(round_, *(f"o{n}@example.org" for n in range(8)))
        assert send_batch(ids) == 0
        assert sorted(states()) == [S.DEFERRED] + [S.WAITING] * 7  # it stopped at the first sign
        for _try in range(30):
            later()
            assert send_batch(due_deliveries()) == 0
        Delivery.objects.update(first_try_at=database_now() - timedelta(days=3))
        later()
    with mail_server(Sink(), port=port) as sink:
        send_batch(due_deliveries())
        send_batch(due_deliveries())
    assert sink.times() == Counter({f"o{n}@example.org": 1 for n in range(8)})
    assert set(states()) == {S.OFFERED}


def test_answers_that_pass_and_answers_that_do_not():
    """4xx: later; 5xx about the mailbox: failed; 5xx about us: later. The others are not held up."""
    answers = {
        "later@example.org": "451 4.3.0 try again",
        "gone@example.org": "550 5.1.1 no such user",
        "full@example.org": "552 5.2.2 mailbox full",
        "plain@example.org": "550 no",
        "policy@example.org": "550 5.7.1 we do not like you today",
    }
    round_ = make_round()
    sink = Sink(rcpt=lambda address: answers.get(address, ""))
    with mail_server(sink):
        send_batch(hold(round_, *answers, "goed@example.org"))
        assert dict(Delivery.objects.values_list("email", "state")) == {
            "later@example.org": S.DEFERRED,
            "gone@example.org": S.FAILED,
            "full@example.org": S.FAILED,
            "plain@example.org": S.FAILED,
            "policy@example.org": S.DEFERRED,
            "goed@example.org": S.OFFERED,
        }
        assert Delivery.objects.get(email="gone@example.org").code == "5.1.1"
        answers.clear()
        later()
        send_batch(due_deliveries())
        send_batch(due_deliveries())
    assert sink.times() == Counter({f"{name}@example.org": 1 for name in ("later", "policy", "goed")})


def test_whole_mail_refused_after_it_was_read():
    answers = {"spam@example.org": "554 5.6.0 not like this", "later@example.org": "452 4.2.2 no room now"}
    sink = Sink(data=lambda address: answers.get(address, ""))
    with mail_server(sink):
        send_batch(hold(make_round(), *answers, "goed@example.org"))
        assert states() == [S.FAILED, S.DEFERRED, S.OFFERED]
        answers.pop("later@example.org")
        later()
        send_batch(due_deliveries())
    assert sink.times() == Counter({"goed@example.org": 1, "later@example.org": 1})


def test_slow_server_gets_the_time_it_needs():
    """Whoever hangs up early does not know whether the mail was taken, and sends it twice."""
    with mail_server(Sink(seconds=1.2), EMAIL_TIMEOUT=0.5) as sink:
        assert send_batch(hold(make_round(), "een@example.org", "twee@example.org")) == 2
    assert sink.times() == Counter({"een@example.org": 1, "twee@example.org": 1})


def test_server_that_never_answers_is_left_and_tried_later():
    with mail_server(Sink(seconds=2), OA_MAIL_ANSWER_SECONDS=0.3):
        assert send_batch(hold(make_round(), "een@example.org", "twee@example.org")) == 0
    assert sorted(states()) == [S.DEFERRED, S.WAITING]


def test_pauses_grow_and_after_a_week_it_has_failed():
    (pk,) = [*_held_against_nothing()]
    row = Delivery.objects.get()
    first = row.next_try_at - database_now()
    assert timedelta(seconds=30) < first <= BACKOFF[0]
    with sending(free_port()):
        for _try in range(6):
            later()
            send_batch([pk])
        assert Delivery.objects.get().next_try_at - database_now() > BACKOFF[-2]
        Delivery.objects.update(first_try_at=database_now() - GIVE_UP)
        later()
        send_batch([pk])
    assert Delivery.objects.get().state == S.FAILED


def _held_against_nothing() -> list[int]:
    with sending(free_port()):
        ids = hold(make_round(), "een@example.org")
        send_batch(ids)
    return ids


@pytest.mark.parametrize(
    ("trouble", "state", "stop"),
    [
        (smtplib.SMTPAuthenticationError(535, b"5.7.8 wrong"), S.DEFERRED, True),
        (smtplib.SMTPSenderRefused(550, b"5.7.1 who are you", "a@b"), S.DEFERRED, True),
        (smtplib.SMTPServerDisconnected("gone"), S.DEFERRED, True),
        (smtplib.SMTPDataError(421, b"4.3.2 closing"), S.DEFERRED, True),
        (TimeoutError("slow"), S.DEFERRED, True),
        (ConnectionRefusedError("no"), S.DEFERRED, True),
        (UnicodeEncodeError("ascii", "é", 0, 1, "no"), S.FAILED, False),
        (KeyError("a fault of our own"), S.DEFERRED, False),
    ],
)
def test_trouble_with_the_server_is_never_blamed_on_a_family(trouble: Exception, state: str, stop: bool):
    verdict = verdict_of(trouble)
    assert (verdict.state, verdict.stop) == (state, stop)


# --- once ------------------------------------------------------------------------------------------------------------


def test_same_task_delivered_three_times_sends_once():
    with mail_server(Sink()) as sink:
        ids = hold(make_round(), "een@example.org", "twee@example.org")
        assert [send_batch(ids), send_batch(ids), send_batch(ids)] == [2, 0, 0]
    assert set(sink.times().values()) == {1}


def test_delivery_in_other_hands_is_left_alone():
    with mail_server(Sink()) as sink:
        (pk,) = hold(make_round(), "een@example.org")
        assert claim(pk) is not None
        assert claim(pk) is None
        assert send_batch([pk]) == 0
    assert sink.mails == []


def test_stopped_before_sending_is_sent_once_afterwards():
    with mail_server(Sink()) as sink:
        (pk,) = hold(make_round(), "een@example.org")
        claim(pk)  # and then the process is killed
        assert free_stopped() == 0  # it may still be alive
        assert free_stopped(at=database_now() + stale_after()) == 1
        send_batch(due_deliveries())
    assert sink.times() == Counter({"een@example.org": 1})
    assert [event.source for event in Delivery.objects.get().events.all()] == ["stopped", "smtp"]


def test_stopped_between_sending_and_writing_it_down_is_the_same_mail_again(monkeypatch):
    """Nobody can know whether the server took it; with the same Message-ID it is one mail to every mail server."""

    class Killed(BaseException):
        pass

    def killed(*args: object, **kwargs: object) -> None:
        raise Killed

    with mail_server(Sink()) as sink:
        (pk,) = hold(make_round(), "een@example.org")
        monkeypatch.setattr(sending_module, "record_sent", killed)
        with pytest.raises(Killed):
            send_batch([pk])
        monkeypatch.undo()
        free_stopped(at=database_now() + stale_after())
        send_batch(due_deliveries())
    assert len({mail["Message-ID"] for _to, mail in sink.mails}) == 1
    assert {mail.as_bytes() for _to, mail in sink.mails[:1]} == {sink.mails[0][1].as_bytes()}
    assert states() == [S.OFFERED]


def test_database_refuses_a_second_copy_and_a_copy_of_what_is_held():
    round_ = make_round()
    with sending(free_port()):
        hold(round_, "een@example.org")
    row = Delivery.objects.get()
    again = Delivery(
        message=row.message, position=1, channel="email", email="x@example.org", key="1" * 32, state="waiting"
    )
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save()
    held = confirmation(round_, 9, "held@example.org")
    hold_messages([held])
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(
            message=held, channel="email", email="x@example.org", key="2" * 32, state="waiting"
        )
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE notifications_delivery SET email = 'other@example.org' WHERE id = %s", [row.pk]
        )


def test_mail_of_a_delivery_is_the_same_every_time():
    with sending(free_port()):
        (pk,) = hold(make_round(), "een@example.org")
        row = Delivery.objects.select_related("message__year__region").get(pk=pk)
        first, second = build_mail(row), build_mail(row)
    assert first.extra_headers == second.extra_headers
    assert (first.subject, first.body) == (second.subject, second.body)


# --- what never leaves -----------------------------------------------------------------------------------------------


@pytest.mark.once
def test_five_thousand_real_looking_addresses_in_test_mode_and_none_leaves():
    """The server is there and would take them; the switch is off, or the year is a rehearsal, or nobody is allowed."""
    round_ = make_round()
    messages = [confirmation(round_, n, f"ouder{n}@ziggo.nl") for n in range(5000)]
    with mail_server(Sink(), OA_MAIL_MODE="outbox") as sink:
        send_now(messages, now=MOMENT)
        assert send_batch(Delivery.objects.values_list("pk", flat=True)) == 0
    assert sink.mails == []
    assert Counter(states()) == {S.STORED: 5000}


@pytest.mark.parametrize(
    "settings",
    [
        {"OA_MAY_SEND": False},
        {"OA_MAIL_MODE": "outbox"},
        {"OA_MAIL_ALLOW": []},
        {"OA_MAIL_ALLOW": ["example.com"]},
    ],
)
def test_without_switch_or_list_nothing_leaves(settings: dict[str, object]):
    with mail_server(Sink(), **settings) as sink:
        send_batch(hold(make_round(), "ouder@example.org"))
    assert (sink.mails, states()) == ([], [S.STORED])


def test_list_of_recipients_lets_exactly_those_through():
    with mail_server(Sink(), allow=("example.com", "proef@example.org")) as sink:
        hold(
            make_round(),
            "a@example.com",
            "b@EXAMPLE.com",
            "proef@example.org",
            "c@example.org",
            "d@sub.example.com",
        )
        send_batch(due_deliveries())
    assert set(sink.times()) == {"a@example.com", "b@EXAMPLE.com", "proef@example.org"}


def test_switched_off_between_release_and_sending_keeps_it_here():
    round_ = make_round()
    with mail_server(Sink()) as sink:
        ids = hold(round_, "een@example.org")
    with mail_server(sink, OA_MAIL_MODE="outbox"):
        assert send_batch(ids) == 0
    assert (sink.mails, states()) == ([], [S.STORED])


def test_rehearsal_year_never_sends_not_even_with_everything_on_and_raw_sql():
    round_ = make_round()
    type(round_.year).objects.filter(pk=round_.year_id).update(is_rehearsal=False)
    from tests.factories.schools import RoundFactory

    rehearsal = RoundFactory(code="ALM1")
    assert rehearsal.year.is_rehearsal
    with mail_server(Sink()) as sink:
        hold(rehearsal, "ouder@example.org")
        row = Delivery.objects.get()
        assert row.state == S.STORED
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE notifications_delivery SET state = 'waiting' WHERE id = %s", [row.pk])
        assert send_batch([row.pk]) == 0
    assert sink.mails == []


def test_forgotten_password_in_test_mode_stays_here_too(client, tmp_path, settings):
    from tests.factories.schools import UserFactory

    user = UserFactory(email="beheer@ziggo.nl")
    settings.EMAIL_FILE_PATH = str(tmp_path)
    with mail_server(Sink(), OA_MAIL_MODE="outbox") as sink:
        assert client.post("/accounts/password/reset/", {"email": user.email}).status_code == 302
        assert sink.mails == []
        assert "beheer@ziggo.nl" in next(tmp_path.iterdir()).read_text()
    with mail_server(Sink(), allow=("ziggo.nl",)) as sink:
        client.post("/accounts/password/reset/", {"email": user.email})
        assert sink.times() == Counter({"beheer@ziggo.nl": 1})
