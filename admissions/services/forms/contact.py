"""Phone and e-mail of a family: the school may correct them at any time, beside the locked form (4.1, DH-115)."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from admissions.enums import FormState
from admissions.models import Application
from admissions.procedures.base import Problem
from admissions.services.forms.application_forms import FormError, FormProblems
from admissions.validators import has_control_character, is_email
from schools.models import User
from schools.services.events import Fact, record_event


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach the family; an empty address means post."""

    email: str
    phone: str


@transaction.atomic
def change_contact(application: Application, contact: Contact, *, actor: User | None) -> bool:
    """Write another e-mail address or phone number of parent 1; says whether anything changed.

    Names, list and claims stay as they were locked. The trail tells which of the two changed, never what it was.
    """
    if application.form.state in (FormState.VOID, FormState.EXPIRED):
        raise FormError(_("This application does not take part any more."))
    if application.form.state in (FormState.DRAFT, FormState.RELEASED):
        raise FormError(_("This form is open: change it in the form itself."))
    email, phone = contact.email.strip(), contact.phone.strip()
    problems = []
    if email and not is_email(email):
        problems.append(
            Problem(
                "email",
                _("This is not an e-mail address. Correct it, or leave it empty: then the family gets post."),
            )
        )
    if not phone or len(phone) > 30 or has_control_character(phone):
        problems.append(
            Problem("phone", _("Fill in a phone number: the school calls when a letter does not arrive."))
        )
    if problems:
        raise FormProblems(problems)
    guardian = application.guardians.select_for_update().order_by("position").first()
    if guardian is None:
        raise FormError(_("There is no parent on this form. Call the office."))
    changed = [
        name
        for name, old, new in (("email", guardian.email, email), ("phone", guardian.phone, phone))
        if old != new
    ]
    if not changed:
        return False
    guardian.email, guardian.phone = email, phone
    guardian.save(update_fields=["email", "phone"])
    fact = Fact("contact_changed", "application", application.registration_number, new=" ".join(changed))
    record_event(application.year, fact, actor=actor)
    return True
