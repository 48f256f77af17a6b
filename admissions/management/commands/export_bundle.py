"""``export_bundle ALM1 DIR`` (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.explaining.exports import write_bundle


class Command(ContractCommand):
    help = "Write the OA-LOT/1 files of a round with both versions of the proces-verbaal."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("round", metavar="ROUND")
        parser.add_argument("directory", metavar="DIR", type=Path)
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        for folder in write_bundle(self.find_round(options, options["round"]), options["directory"]):
            self.say(_("Written: %(folder)s") % {"folder": folder})
