"""``check_integrity``: exit 1 and a list when something does not add up (data-formats.md section 2)."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.integrity.facts import all_problems, check_database, problems_of


class Command(ContractCommand):
    help = "Check sums, states, constraints and hashes of everything stored; repairs nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        self.add_year_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["region"] or options["year"]:
            problems = [*check_database(), *problems_of(self.find_year(options))]
        else:
            problems = list(all_problems())
        for problem in problems:
            self.say(problem)
        if problems:
            raise CommandError(_("%(count)d things do not add up.") % {"count": len(problems)})
        self.say(_("Everything adds up."))
