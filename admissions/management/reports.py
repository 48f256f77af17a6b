"""How the import commands tell what went in and what stayed out."""

from collections.abc import Sequence
from pathlib import Path

from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.year.csv_files import FileError
from admissions.services.year.import_applications import ImportReport, refused_csv


def print_import(command: ContractCommand, name: str, report: ImportReport) -> None:
    """A summary line, and one line for every refused row with its line number and form reference."""
    command.say(
        _("%(file)s: %(imported)d imported, %(skipped)d known already, %(refused)d refused")
        % {
            "file": name,
            "imported": report.imported,
            "skipped": report.skipped,
            "refused": len(report.refused),
        }
    )
    if report.unknown_columns:
        command.say(
            "  " + _("unknown columns, ignored: %(columns)s") % {"columns": ", ".join(report.unknown_columns)}
        )
    for row in report.refused:
        command.say(
            "  "
            + _("line %(line)d, form %(reference)s: %(error)s")
            % {"line": row.line, "reference": row.form_reference or "-", "error": row.error}
        )
    for reference, other in report.alike:
        command.say(
            "  "
            + _("form %(reference)s looks like form %(other)s: check that it is another child")
            % {"reference": reference, "other": other}
        )


def write_refused(path: Path | None, reports: Sequence[ImportReport]) -> None:
    """Write the refused rows of all files as one CSV."""
    if path is None:
        return
    try:
        path.write_text(refused_csv(reports), encoding="utf-8", newline="")
    except OSError as exc:
        raise FileError(
            _("%(file)s cannot be written. Check the folder and the rights.") % {"file": path}
        ) from exc
