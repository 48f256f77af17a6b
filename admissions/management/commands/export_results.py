"""``export_results ALM1 FILE`` (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.explaining.exports import RESULT_COLUMNS, result_rows
from admissions.services.year.csv_files import write_csv


class Command(ContractCommand):
    help = "Write what a round decided for every child that took part."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("round", metavar="ROUND")
        parser.add_argument("file", metavar="FILE", type=Path)
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        rows = list(result_rows(self.find_round(options, options["round"])))
        write_csv(options["file"], RESULT_COLUMNS, rows)
        self.say(_("%(count)d results written to %(file)s.") % {"count": len(rows), "file": options["file"]})
