"""``record_replies FILE`` (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.replies.reply_files import record_replies
from admissions.services.year.csv_files import read_bytes


class Command(ContractCommand):
    help = "Record enrolments and withdrawals from a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        done = record_replies(self.find_year(options), read_bytes(path), name=path.name, actor=None)
        self.say(
            _("%(enrolled)d enrolled, %(withdrawn)d withdrawn, %(known)d known already.")
            % {"enrolled": done.enrolled, "withdrawn": done.withdrawn, "known": done.known}
        )
