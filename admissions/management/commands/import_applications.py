"""``import_applications FILE --round ALM1`` (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction

from admissions.management.base import ContractCommand
from admissions.management.reports import print_import, write_refused
from admissions.services.year.csv_files import read_bytes
from admissions.services.year.import_applications import import_applications


class Command(ContractCommand):
    help = "Import one file of signed application forms."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--round", required=True, metavar="CODE")
        parser.add_argument("--refused", metavar="FILE", type=Path, help="write the refused rows here")
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        round_ = self.find_round(options, options["round"])
        path: Path = options["file"]
        content = read_bytes(path)
        with transaction.atomic():
            report = import_applications(round_=round_, content=content, name=path.name, actor=None)
            write_refused(options["refused"], [report])
        print_import(self, path.name, report)
