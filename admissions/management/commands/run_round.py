"""``run_round ALM1 --dice DIGITS`` and ``run_round VOVP1 --dice DIGITS --opt-ins FILE`` (data-formats.md section 2)."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.draws.rehearsal import play_round
from admissions.services.year.csv_files import read_bytes


class Command(ContractCommand):
    help = "Play a whole round of a rehearsal year: close, freeze, draw, match, verify, decide and send."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("round", metavar="ROUND", help="for example ALM1 or VOVP1")
        parser.add_argument("--dice", required=True, metavar="DIGITS", help="60 digits 1 to 6")
        parser.add_argument("--opt-ins", type=Path, metavar="FILE", help="who takes part in a VOVP")
        parser.add_argument("--letters", action="store_true", help="render the letters and records now")
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        round_ = self.find_round(options, options["round"])
        path: Path | None = options["opt_ins"]
        opt_ins = read_bytes(path) if path is not None else None
        played = play_round(
            round_,
            digits=options["dice"],
            actor=None,
            opt_ins=opt_ins,
            opt_ins_name=path.name if path is not None else "",
            progress=self.say,
        )
        if options["letters"]:
            self._letters(round_.pk)
        self.say(
            _(
                "%(round)s played in session %(session)s: %(children)d children, %(placed)d placed, "
                "%(unplaced)d without a place, %(offers)d offers, %(messages)d messages in the outbox."
            )
            % {
                "round": round_.code,
                "session": played.session,
                "children": played.children,
                "placed": played.placed,
                "unplaced": played.unplaced,
                "offers": played.offers,
                "messages": played.messages,
            }
        )

    def _letters(self, round_id: int) -> None:
        from notifications.models import Message  # WeasyPrint is slow to import
        from notifications.services.letters import make_letters

        ids = (
            Message.objects.filter(round_id=round_id)
            .exclude(registration_number="")
            .values_list("pk", flat=True)
        )

        def progress(done: int, total: int) -> None:
            if done % 100 == 0 or done == total:
                self.say(_("Letters: %(done)d of %(total)d") % {"done": done, "total": total})

        make_letters(message_ids=list(ids), progress=progress)
