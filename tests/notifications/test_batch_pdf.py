"""A print batch is one file that shares what its letters have in common (DH-159)."""

import io

import pytest
from pypdf import PdfReader

from notifications.enums import Channel
from notifications.models import Letter, Message
from notifications.services.batch_pdf import batch_pdf
from notifications.services.outbox import release_messages
from notifications.services.print_batches import in_address_order, make_batch
from tests.lottery.draw_sessions import make_round
from tests.notifications.family_messages import MOMENT, make_message, opened_round


@pytest.mark.django_db
def test_batch_holds_every_letter_in_order_is_smaller_and_always_the_same(monkeypatch):
    monkeypatch.setattr("notifications.services.batch_pdf.AT_ONCE", 2)
    round_ = make_round()
    names = {"H1": "Ada", "H2": "Bram", "H3": "Cem", "H4": "Dide"}
    messages = {
        number: make_message(
            round_,
            registration_number=number,
            language="ar" if number == "H3" else "nl",
            merge={"child_name": f"{name} de Wit", "registration_number": number},
        )
        for number, name in names.items()
    }
    order = [messages[number].pk for number in ("H3", "H1", "H4", "H2")]

    pdf = batch_pdf(order)

    assert pdf == batch_pdf(order)
    pages = [page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages]
    firsts = [next(name for name in names.values() if name in page) for page in pages]
    assert firsts == ["Cem", "Cem", "Ada", "Dide", "Bram"]
    letters = [bytes(letter.pdf) for letter in Letter.objects.all()]
    assert len(pdf) < 0.8 * sum(map(len, letters))


@pytest.mark.django_db
def test_batch_is_printed_in_the_order_of_the_post():
    """DH-159: postcode, street, house number; 9 before 10."""
    walk = [
        "Voorbeeldstraat 9\n2511 AB  DEN HAAG",
        "Voorbeeldstraat 9 B\n2511 AB  DEN HAAG",
        "Voorbeeldstraat 10\n2511 AB  DEN HAAG",
        "Akkerweg 2\n2548 CK  DEN HAAG",
    ]
    round_ = opened_round()
    for n, address in enumerate(reversed(walk)):
        make_message(
            round_,
            registration_number=f"H{n}",
            channel=Channel.POST,
            recipient_address=address,
        )
    release_messages(round_id=round_.pk, now=MOMENT)
    batch = make_batch(round_.year, school=None, actor=None, at=MOMENT)
    addresses = dict(Message.objects.values_list("pk", "recipient_address"))
    assert [addresses[pk] for pk in in_address_order(batch.deliveries.all())] == walk
