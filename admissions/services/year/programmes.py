"""What a child can be placed in at a school: adding, changing and closing one (issue 6, DESIGN section 4).

Where the procedure says that a school has exactly one, that one is the school itself: its name may change here, and
nothing else; it comes and goes with its school.
"""

from datetime import date

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.procedures.registry import procedure_of
from admissions.services.year.import_schools import SchoolPlan, make_school_rounds
from admissions.services.year.schools import SchoolRefused, check_closable
from schools.models import AdmissionYear, Programme, School, User
from schools.services.events import Fact, record_event, record_events


@transaction.atomic
def add_programme(year: AdmissionYear, school: School, plan: SchoolPlan, *, actor: User) -> Programme:
    """Another programme of a school, with its places in every round of ``year``; ``plan.brin`` is its code.

    Errors: SchoolRefused where a school has exactly one, and for a code that is taken in the region.
    """
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    if procedure_of(school.region).has_one_programme:
        raise SchoolRefused(_("In this procedure children are placed at the school itself: it has one line."))
    if Programme.objects.filter(school__region=year.region_id, code=plan.brin).exists():
        raise SchoolRefused(_("This code is in use already. Choose another."), field="code")
    programme = Programme.objects.create(school=school, code=plan.brin, name=plan.name)
    make_school_rounds(year, {r.code: r for r in year.rounds.all()}, {plan.brin: programme}, [plan])
    facts = [Fact("programme_added", "programme", plan.brin, new=year.code, reason=school.brin)]
    facts += [
        Fact("ceiling_set", "school_round", f"{plan.brin}/{code}", new=str(ceiling))
        for code, ceiling in plan.ceilings
    ]
    record_events(year, facts, actor=actor)
    return programme


@transaction.atomic
def change_programme(
    programme: Programme, *, name: str, closed_on: date | None, year: AdmissionYear, actor: User
) -> bool:
    """Its name on lists and letters, and the day from which nobody is placed there in a new round.

    Answers whether anything changed. Errors: SchoolRefused in the middle of a round and while places or offers are
    left (as for a school); where a school has exactly one, the school itself must close.
    """
    locked = (
        Programme.objects.select_for_update(of=("self",))
        .select_related("school__region")
        .get(pk=programme.pk)
    )
    AdmissionYear.objects.select_for_update(no_key=True).get(pk=year.pk)
    facts = []
    if closed_on != locked.closed_on:
        if closed_on is not None and procedure_of(locked.school.region).has_one_programme:
            raise SchoolRefused(
                _("Children are placed at the school itself. Close the school instead."), field="closed_on"
            )
        if closed_on is not None:
            check_closable(Programme.objects.filter(pk=locked.pk), closed_on, year)
        kind = "programme_closed" if closed_on else "programme_stays"
        old, new = str(locked.closed_on or ""), str(closed_on or "")
        facts.append(Fact(kind, "programme", locked.code, old=old, new=new))
    if name != locked.name:
        facts.append(Fact("programme_set", "programme", locked.code, new="name"))
    if facts:
        locked.name, locked.closed_on = name, closed_on
        locked.save(update_fields=["name", "closed_on"])
        for fact in facts:
            record_event(year, fact, actor=actor)
    return bool(facts)
