"""Texts that schools and the office change, kept version by version, and the logo of a school."""

from django.db import models
from django.db.models import Q

from notifications.enums import TemplateCode, TemplateUse


class LetterTemplate(models.Model):
    """One version of a text (sjabloon); changing it makes a new row, no row ever changes (DH-151, DH-155).

    Without a school it is the text of the region. Where neither has one, the text that comes with the application
    counts. ``body`` is markup with merge codes, see ``notifications.services.markup``.
    """

    region = models.ForeignKey("schools.Region", models.CASCADE, related_name="letter_templates")
    school = models.ForeignKey(
        "schools.School", models.CASCADE, null=True, blank=True, related_name="letter_templates"
    )
    code = models.CharField(max_length=20)  # a TemplateCode, or the number of the message catalogue
    version = models.PositiveIntegerField()
    subject = models.CharField(max_length=200)
    reference = models.CharField(max_length=100)
    date_line = models.CharField(max_length=60)
    body = models.TextField()
    signature = models.CharField(max_length=400, blank=True)
    enclosure = models.TextField(blank=True)  # the enrolment form, on a page of its own (DH-153e)
    saved_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    saved_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["code", "version"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "code", "version"],
                condition=Q(school__isnull=True),
                name="template_version_in_region",
            ),
            models.UniqueConstraint(
                fields=["school", "code", "version"],
                condition=Q(school__isnull=False),
                name="template_version_at_school",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} v{self.version}"


class TemplateApproval(models.Model):
    """The director's yes to one version of a school's text; without it that version is never sent (section 1).

    A row of its own, because a version never changes. ``approved_by`` is empty for texts that were in use before
    approvals were kept.
    """

    template = models.OneToOneField(LetterTemplate, models.CASCADE, related_name="approval")
    approved_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    approved_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"{self.template_id} approved"


class TemplateSelection(models.Model):
    """Which of its templates a school uses for an offer at first, and at lower choice (DH-152)."""

    school = models.ForeignKey("schools.School", models.CASCADE, related_name="template_selections")
    use = models.CharField(max_length=10, choices=TemplateUse)
    code = models.CharField(max_length=20, choices=TemplateCode)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["school", "use"], name="template_selected_once"),
            models.CheckConstraint(
                condition=Q(use="FIRST", code__in=["ALM124_FIRST", "ALM3_FIRST"])
                | Q(use="LOWER", code__in=["ALM124_LOWER", "ALM3_LOWER"]),
                name="template_fits_its_use",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.use} {self.code}"


class SchoolLogo(models.Model):
    """The logo on a school's letters, made safe when it was uploaded (DH-153c)."""

    school = models.OneToOneField("schools.School", models.CASCADE, related_name="logo")
    content = models.BinaryField()
    media_type = models.CharField(max_length=20)
    hash = models.CharField(max_length=64)
    uploaded_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    uploaded_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"logo {self.school_id}"
