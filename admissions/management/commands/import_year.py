"""``import_year DIR``: calendar, schools and every ``applications-*.csv`` present (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.db import transaction
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.management.reports import print_import, write_refused
from admissions.services.year.csv_files import FileError, read_bytes
from admissions.services.year.import_applications import ImportReport, import_applications
from admissions.services.year.import_schools import read_calendar_json, region_for_import, set_up_year


class Command(ContractCommand):
    help = "Import an admission year: calendar.json, schools.csv and every applications-*.csv in a directory."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("directory", metavar="DIR", type=Path)
        parser.add_argument("--refused", metavar="FILE", type=Path, help="write the refused rows here")
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        directory: Path = options["directory"]
        if not directory.is_dir():
            raise FileError(_("There is no directory %(directory)s.") % {"directory": directory})
        calendar = read_calendar_json(read_bytes(directory / "calendar.json"))
        reports: list[ImportReport] = []
        with transaction.atomic():  # a crash leaves the state before the command
            region = region_for_import(options["region"])
            year, is_new, unknown = set_up_year(
                region=region,
                calendar=calendar,
                schools_csv=read_bytes(directory / "schools.csv"),
                actor=None,
            )
            if options["year"] and options["year"] != year.code:
                raise FileError(
                    _("calendar.json is of year %(found)s, not of %(asked)s.")
                    % {"found": year.code, "asked": options["year"]}
                )
            rounds = list(year.rounds.all())
            self.say(
                _("Year %(year)s: %(rounds)d rounds, %(schools)d schools%(known)s.")
                % {
                    "year": year.code,
                    "rounds": len(rounds),
                    "schools": rounds[0].school_rounds.count(),
                    "known": "" if is_new else _(" (was there already)"),
                }
            )
            if unknown:
                self.say(
                    _("schools.csv: unknown columns, ignored: %(columns)s") % {"columns": ", ".join(unknown)}
                )
            for path in sorted(directory.glob("applications-*.csv")):
                code = path.stem.removeprefix("applications-")
                round_ = next((item for item in rounds if item.code == code), None)
                if round_ is None:
                    raise FileError(
                        _("%(file)s: the calendar has no round “%(code)s”.")
                        % {"file": path.name, "code": code}
                    )
                report = import_applications(
                    round_=round_, content=read_bytes(path), name=path.name, actor=None
                )
                print_import(self, path.name, report)
                reports.append(report)
            write_refused(options["refused"], reports)
        self.say(
            _("Done: %(imported)d forms imported, %(skipped)d known already, %(refused)d refused.")
            % {
                "imported": sum(report.imported for report in reports),
                "skipped": sum(report.skipped for report in reports),
                "refused": sum(len(report.refused) for report in reports),
            }
        )
