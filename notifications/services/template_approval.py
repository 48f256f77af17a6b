"""The director approves what the administrator proposes: only then a school's own text is sent (section 1, DH-151).

Until then the last approved version goes on, else the text of the region or the one that comes with the application.
"""

from django.db import transaction
from django.utils.translation import gettext as _

from notifications.models import LetterTemplate, TemplateApproval
from notifications.services.template_checks import lights_of
from notifications.services.template_choice import Choices
from schools.errors import RefusedError
from schools.models import AdmissionYear, School, User
from schools.services.events import Fact, record_event


class ApprovalError(RefusedError):
    """This version cannot be approved (any more); the text says why and what to do."""


def waiting_versions(school: School) -> list[LetterTemplate]:
    """The newest version of each text that the director has still to look at, in the order of their codes."""
    newest: dict[str, LetterTemplate] = {}
    for row in school.letter_templates.select_related("approval", "saved_by").order_by("code", "version"):
        newest[row.code] = row
    return [row for row in newest.values() if not hasattr(row, "approval")]


@transaction.atomic
def approve_template(
    *, school: School, code: str, version: int, actor: User, year: AdmissionYear | None = None
) -> TemplateApproval:
    """Let ``version`` be the text that is sent; who may do this is asked by the caller.

    A second click, by the same person or another, changes nothing and answers the first approval.
    Errors: ApprovalError for a version that does not exist, that a newer one has overtaken, or that is red (DH-154).
    """
    rows = LetterTemplate.objects.filter(school=school, code=code)
    # Somebody who stores a version at this moment waits for us, or we see what was stored.
    School.objects.select_for_update().get(pk=school.pk)
    row = rows.filter(version=version).first()
    if row is None:
        raise ApprovalError(_("This version of the letter does not exist."))
    if hasattr(row, "approval"):
        return row.approval
    newest = rows.order_by("-version").first()
    if newest is not None and newest.version != version:
        raise ApprovalError(
            _("Version %(newest)d was stored after version %(version)d. Look at that one first.")
            % {"newest": newest.version, "version": version}
        )
    red = [
        light
        for light in lights_of(Choices(school.region_id, [school.pk]).newest(school.pk, code), school)
        if light.blocks
    ]
    if red:
        raise ApprovalError(
            " ".join([_("Mend what is red first; then approve."), *(light.text for light in red)])
        )
    return mark_approved(row, actor=actor, year=year)


def mark_approved(
    template: LetterTemplate, *, actor: User | None, year: AdmissionYear | None = None
) -> TemplateApproval:
    """Store the approval of one version, once; the trail of the year says that it was given."""
    approval, is_new = TemplateApproval.objects.get_or_create(
        template=template, defaults={"approved_by": actor}
    )
    if is_new and year is not None and template.school is not None:
        what = f"{template.code} v{template.version}"
        record_event(year, Fact("letter_approved", "school", template.school.brin, new=what), actor=actor)
    return approval
