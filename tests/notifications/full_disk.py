"""Makes letters on a disk that is too small, then on a larger one, in a namespace of its own (``test_letter_faults``).

    python -m tests.notifications.full_disk <folder> <letters>

The folder gets a small tmpfs that nobody else sees. Prints what was stored before and after the disk grew.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOM = 30  # letters that fit
SIZE = 28_000  # bytes of a letter, as WeasyPrint makes them


def main(folder: Path, number: int) -> None:
    base = folder / "base.sqlite3"
    os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"] = f"sqlite:///{base}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.test"
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import OperationalError, connection

    connection.settings_dict["NAME"] = str(base)
    call_command("migrate", verbosity=0, run_syncdb=True)
    from notifications.models import Letter, Message
    from notifications.services.letter_content import LetterContent
    from notifications.services.letter_renderer import LetterRenderer
    from notifications.services.letters import letters_to_make, make_letters
    from tests.lottery.draw_sessions import make_round
    from tests.notifications.family_messages import make_message

    class Printer(LetterRenderer):
        def render(self, content: LetterContent) -> bytes:
            seed = hashlib.sha512(content.fields["registration_number"].encode()).digest()
            return b"%PDF-1.7\n" + (seed * (SIZE // len(seed))) + b"\n%%EOF\n"

    round_ = make_round()
    for n in range(number):
        make_message(round_, registration_number=f"H{n:04}", merge={"registration_number": f"H{n:04}"})
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()

    disk = folder / "disk"
    disk.mkdir()
    room = base.stat().st_size + ROOM * SIZE + 250_000  # the log grows before the file does
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(disk)], check=True)
    shutil.copy(base, disk / "db.sqlite3")
    connection.settings_dict["NAME"] = str(disk / "db.sqlite3")

    def stored() -> dict[str, object]:
        rows = Letter.objects.all()
        whole = all(
            bytes(row.pdf).endswith(b"%%EOF\n") and hashlib.sha256(bytes(row.pdf)).hexdigest() == row.hash
            for row in rows
        )
        return {"letters": len(rows), "whole": whole, "messages": Message.objects.count()}

    failure = ""
    try:
        make_letters(message_ids=letters_to_make(round_.pk), renderer=Printer())
    except OperationalError as exc:
        failure = str(exc)
    connection.close()
    before = stored()
    connection.close()
    subprocess.run(["mount", "-o", f"remount,size={room * 10}", str(disk)], check=True)
    made = make_letters(message_ids=letters_to_make(round_.pk), renderer=Printer())
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check")
        sound = cursor.fetchone()[0]
    print(json.dumps({"failure": failure, "before": before, "made": made, "after": stored(), "sound": sound}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
