"""``load_demo``: the demo year imported, its first round played, and an account for every role."""

from typing import Any

from django.core.management.base import CommandParser
from django.utils.translation import gettext as _

from admissions.management.base import ContractCommand
from admissions.services.draws.rehearsal import play_round
from admissions.services.year.demo import (
    DEMO_DICE,
    check_allowed,
    demo_year_code,
    import_demo_year,
    make_accounts,
)
from schools.enums import PLAYED_STATES
from schools.models import AdmissionYear, Round


class Command(ContractCommand):
    help = "Load the demo year, play its first round and make the demo accounts."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--if-empty", action="store_true", help="do nothing when there is a year already")

    def handle(self, *args: Any, **options: Any) -> None:
        check_allowed()
        # A load that was killed half-way is taken up again; anything else that is here already stays as it is.
        started = Round.objects.filter(state__in=PLAYED_STATES).exists()
        other = AdmissionYear.objects.exclude(code=demo_year_code()).exists()
        if options["if_empty"] and (started or other):
            self.say(_("There is an admission year already: the demo is left as it is."))
            return
        self.say(_("Importing the demo year (138 schools, 5,600 forms)"))
        year = import_demo_year()
        make_accounts(year)
        first = year.rounds.select_related("year__region").order_by("position")[0]
        if not first.is_played or first.state == "matched":
            play_round(first, digits=DEMO_DICE, actor=None, progress=self.say)
        self.say(_("The demo is ready: %(round)s has been played.") % {"round": first.code})
