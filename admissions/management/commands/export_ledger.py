"""``export_ledger FILE`` (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.explaining.exports import LEDGER_COLUMNS, ledger_rows
from admissions.services.year.csv_files import write_csv


class Command(ContractCommand):
    help = "Write the place ledger of the year."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(ledger_rows(self.find_year(options)))
        write_csv(options["file"], LEDGER_COLUMNS, rows)
        self.say(
            _("%(count)d ledger entries written to %(file)s.") % {"count": len(rows), "file": options["file"]}
        )
