"""Take a mail that came back from standard input, as a mail server hands it over."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from notifications.services.tracking import take_bounce


class Command(BaseCommand):
    help = "Read one returned mail (RFC 3464) from standard input and mark what it is about as failed."

    def handle(self, *args: Any, **options: Any) -> None:
        taken = take_bounce(sys.stdin.buffer.read())
        self.stdout.write(f"{taken} delivery report(s) taken")
