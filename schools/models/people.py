"""Users, who log in by e-mail, and what they may be."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import BaseUserManager
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from schools.enums import DESK_ROLES, REGION_ROLES, SCHOOL_ROLES, Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractUser):
    """Somebody with a login (gebruiker). Parents have none: they get letters and mails."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    language = models.CharField(max_length=2, default="nl")

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects: ClassVar[UserManager] = UserManager()  # type: ignore[assignment]

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """A role of a user at one school or in one region (rol)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    school = models.ForeignKey(
        "schools.School", models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    region = models.ForeignKey(
        "schools.Region", models.CASCADE, null=True, blank=True, related_name="memberships"
    )
    may_see_care = models.BooleanField(default=False)  # central office named for care (DH-180)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "school"], name="membership_unique_at_school"),
            models.UniqueConstraint(fields=["user", "role", "region"], name="membership_unique_in_region"),
            models.CheckConstraint(
                condition=Q(role__in=sorted(SCHOOL_ROLES), school__isnull=False, region__isnull=True)
                | Q(role__in=sorted(REGION_ROLES | DESK_ROLES), school__isnull=True, region__isnull=False),
                name="membership_fits_role",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role}"
