"""``demo_logins``: the demo accounts with their passwords and TOTP secrets."""

from typing import Any

from django.core.management.base import BaseCommand

from admissions.services.year.demo import check_allowed, login_lines


class Command(BaseCommand):
    help = "Print the demo logins."

    def handle(self, *args: Any, **options: Any) -> None:
        check_allowed()
        for line in login_lines():
            self.stdout.write(line)
