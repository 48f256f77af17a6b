"""What every command shares: region and year, progress lines, and a plain sentence instead of a traceback."""

import argparse
import os
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.translation import gettext as _

from schools.errors import RefusedError
from schools.models import AdmissionYear, Round


class _Parser(CommandParser):
    """Wrong arguments end with 2 also when the command is called from a program (data-formats.md section 2)."""

    def error(self, message: str) -> NoReturn:
        argparse.ArgumentParser.error(self, message)


def _has_no_tables(exc: DatabaseError) -> bool:
    undefined_table = getattr(exc.__cause__, "pgcode", None) == "42P01"
    return undefined_table or "no such table" in str(exc)


class ContractCommand(BaseCommand):
    """A command of data-formats.md section 2: exit 0, 1 (refused, one sentence) or 2 (wrong arguments)."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.__class__ = _Parser
        return parser

    def add_year_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--region", metavar="SLUG", help=_("the region, where there is more than one"))
        parser.add_argument(
            "--year", metavar="CODE", help=_("the admission year, where there is more than one")
        )

    def execute(self, *args: Any, **options: Any) -> Any:
        try:
            return super().execute(*args, **options)
        except RefusedError as exc:
            raise CommandError(str(exc)) from exc
        except DatabaseError as exc:
            if "locked" in str(exc):
                raise CommandError(_("The database is busy with other work. Try again in a minute.")) from exc
            if _has_no_tables(exc):
                raise CommandError(_("The database has no tables yet. Make them with migrate.")) from exc
            raise

    def say(self, line: str) -> None:
        """One line of progress. The work does not depend on who reads it, or on what a terminal can show."""
        try:
            self.stdout.write(line)
            sys.stdout.flush()
        except UnicodeEncodeError:
            self.stdout.write(line.encode("ascii", "backslashreplace").decode())
        except BrokenPipeError:  # as after ``| head``
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())

    def find_year(self, options: dict[str, Any]) -> AdmissionYear:
        years = AdmissionYear.objects.select_related("region").order_by("-starts_on")
        if options.get("region"):
            years = years.filter(region__slug=options["region"])
        # A year that is being set up is found only by its code.
        wanted = {"code": options["year"]} if options.get("year") else {"is_planned": False}
        years = years.filter(**wanted)
        found = list(years[:2])
        if not found:
            raise RefusedError(_("There is no such admission year here. Import one first with import_year."))
        if len(found) > 1:
            raise RefusedError(
                _("There is more than one admission year. Say which one with --region and --year.")
            )
        return found[0]

    def find_round(self, options: dict[str, Any], code: str) -> Round:
        year = self.find_year(options)
        round_ = year.rounds.select_related("year__region").filter(code=code).first()
        if round_ is None:
            codes = ", ".join(year.rounds.values_list("code", flat=True))
            raise RefusedError(
                _("Year %(year)s has no round “%(code)s”. Its rounds are: %(codes)s.")
                % {"year": year.code, "code": code, "codes": codes}
            )
        return round_
