"""Invented children, their applications and seats. A whole city at once: ``tests.factories.city``."""

from datetime import date
from typing import Any

import factory

from admissions.enums import (
    CareOrigin,
    CareState,
    CaseKind,
    ClaimState,
    Decision,
    EntryKind,
    FormState,
    MoveState,
    ParticipationKind,
    ParticipationState,
    PlacementState,
    WithdrawalReason,
)
from admissions.models import (
    Application,
    ApplicationForm,
    CareCase,
    Case,
    Child,
    FormVersion,
    Guardian,
    LedgerEntry,
    MoveRequest,
    Participation,
    Placement,
    Preference,
    PriorityClaim,
    Withdrawal,
)
from admissions.services.forms.contents import contents_of
from admissions.validators import identity_key
from schools.clock import now
from schools.models import Programme
from schools.workdays import after_working_days
from tests.factories.schools import RegionFactory, RoundFactory, SchoolRoundFactory, UserFactory


class ChildFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Child

    region = factory.SubFactory(RegionFactory)
    given_name = factory.Sequence(lambda n: "Noor " + "".join(chr(97 + int(digit)) for digit in str(n)))
    surname_prefix = "de"
    surname = "Vries"
    date_of_birth = date(2020, 10, 5)
    identity_key = factory.LazyAttribute(
        lambda child: identity_key(
            child.given_name, child.surname_prefix, child.surname, child.date_of_birth.isoformat()
        )
    )


class FormFactory(factory.django.DjangoModelFactory):
    """The paper form behind an application: ``ApplicationFactory(form__state=FormState.DRAFT)``."""

    class Meta:
        model = ApplicationForm

    application = factory.SubFactory("tests.factories.admissions.ApplicationFactory", form=None)
    year = factory.SelfAttribute("application.year")
    form_reference = factory.Sequence(lambda n: f"F{n:07d}")
    state = FormState.FINAL
    received_on = factory.LazyAttribute(lambda form: form.application.first_choice.round.parents_from)
    street = "Voorbeeldstraat"
    house_number = "12"
    postcode = "2599ZZ"
    place = "Den Haag"
    checklist = [1, 2, 3, 4, 5, 6, 7]


class GuardianFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Guardian

    application = factory.SubFactory("tests.factories.admissions.ApplicationFactory", guardian=None)
    name = "A. de Vries"
    email = factory.Sequence(lambda n: f"ouder{n}@example.org")
    phone = "0612345678"


class ApplicationFactory(factory.django.DjangoModelFactory):
    """An application at ``first_choice`` (a SchoolRound) with its form, guardian and list.

    ``preferences`` are the programmes of the list, the first choice included; by default only that one.
    """

    class Meta:
        model = Application
        skip_postgeneration_save = True

    first_choice = factory.SubFactory(SchoolRoundFactory)
    year = factory.SelfAttribute("first_choice.round.year")
    child = factory.SubFactory(ChildFactory, region=factory.SelfAttribute("..year.region"))
    registration_number = factory.Sequence(lambda n: f"A{n:07d}")
    decision = Decision.UNDECIDED
    form = factory.RelatedFactory(FormFactory, "application")
    guardian = factory.RelatedFactory(GuardianFactory, "application")

    @factory.post_generation
    def preferences(self, create: bool, extracted: list[Programme] | None, **kwargs: Any) -> None:
        if not create:
            return
        programmes = [self.first_choice.programme] if extracted is None else extracted
        Preference.objects.bulk_create(
            Preference(application=self, rank=rank, programme=programme)
            for rank, programme in enumerate(programmes, start=1)
        )

    @factory.post_generation
    def version(self, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        """A form that has been final has its contents kept."""
        form = ApplicationForm.objects.filter(application=self).first() if create else None
        if form is not None and form.state not in (FormState.DRAFT, FormState.EXPIRED):
            FormVersion.objects.create(
                form=form, version=form.version, contents=contents_of(self), finalised_at=now(self.year)
            )


class PreferenceFactory(factory.django.DjangoModelFactory):
    """The next school behind the list."""

    class Meta:
        model = Preference

    application = factory.SubFactory(ApplicationFactory)
    programme = factory.LazyAttribute(
        lambda row: SchoolRoundFactory(round=row.application.first_choice.round).programme
    )
    rank = factory.LazyAttribute(lambda row: row.application.preferences.count() + 1)


class PriorityClaimFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PriorityClaim

    application = factory.SubFactory(ApplicationFactory)
    kind = "sibling"
    state = ClaimState.CONFIRMED


class CareCaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CareCase

    application = factory.SubFactory(ApplicationFactory)
    origin = CareOrigin.REQUEST
    state = CareState.REQUESTED


class PlacementFactory(factory.django.DjangoModelFactory):
    """A seat, booked in the ledger when its school has a ceiling. By default at the first choice, reserved."""

    class Meta:
        model = Placement
        skip_postgeneration_save = True

    application = factory.SubFactory(ApplicationFactory, decision=Decision.ADMITTED)
    child = factory.SelfAttribute("application.child")
    school_round = factory.SelfAttribute("application.first_choice")
    preference_rank = 1
    state = PlacementState.RESERVED

    @factory.post_generation
    def book(self, create: bool, extracted: bool | None, **kwargs: Any) -> None:
        if create and extracted is not False and self.school_round.is_capped:
            LedgerEntryFactory(placement=self, school_round=self.school_round)


class LedgerEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LedgerEntry

    school_round = factory.SubFactory(SchoolRoundFactory)
    kind = EntryKind.PLACED
    places = -1
    effective_on = factory.LazyAttribute(lambda entry: entry.school_round.round.year.starts_on)
    cause = "factory"


class WithdrawalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Withdrawal

    application = factory.SubFactory(ApplicationFactory, decision=Decision.WITHDRAWN)
    reason = WithdrawalReason.UNCAPPED_SCHOOL
    effective_on = factory.LazyAttribute(lambda row: row.application.year.starts_on)


class ParticipationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Participation

    application = factory.SubFactory(ApplicationFactory, decision=Decision.UNPLACED)
    round = factory.LazyAttribute(lambda row: RoundFactory(year=row.application.year, code="VOVP1"))
    kind = ParticipationKind.UNPLACED
    state = ParticipationState.INVITED


class MoveRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MoveRequest

    application = factory.SubFactory(ApplicationFactory, decision=Decision.ADMITTED)
    state = MoveState.REQUESTED
    requested_by = factory.SubFactory(UserFactory)


class CaseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Case

    application = factory.SubFactory(ApplicationFactory)
    year = factory.SelfAttribute("application.year")
    kind = CaseKind.BIRTH_DATE
    about = factory.SelfAttribute("application.registration_number")
    note = "A note"
    opened_at = factory.LazyAttribute(lambda case: now(case.year))
    due_on = factory.LazyAttribute(lambda case: after_working_days(case.opened_at.date(), 3))
