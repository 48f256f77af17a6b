"""The letters of a print batch as one PDF, in the order they are given."""

import io
from collections.abc import Sequence

from pypdf import PdfReader, PdfWriter

from notifications.models import Letter
from notifications.services.letters import make_letters


def batch_pdf(message_ids: Sequence[int]) -> bytes:
    """One file to print; letters that do not exist yet are made now.

    Errors: LetterError when a letter cannot be made, with the field that is empty.
    """
    make_letters(message_ids=message_ids)
    writer = PdfWriter()
    for message_id in message_ids:
        letter = Letter.objects.get(message_id=message_id)
        writer.append(PdfReader(io.BytesIO(bytes(letter.pdf))))
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
