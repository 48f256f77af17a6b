"""Systems of others that may read this region's rounds and outcomes, without a person behind them."""

from django.db import models


class ApiClient(models.Model):
    """An application with a token (aangesloten systeem). Of the token only its SHA-256 is kept; it has 256 random bits,
    so that a slow hash would add nothing. Withdrawn for good: a new token is a new row.
    """

    region = models.ForeignKey("schools.Region", models.PROTECT, related_name="api_clients")
    name = models.CharField(max_length=80)
    token_hash = models.CharField(max_length=64, unique=True)
    token_start = models.CharField(max_length=8)  # to recognise it by
    scopes = models.JSONField(default=list)  # values of ApiScope
    made_by = models.ForeignKey("schools.User", models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    withdrawn_by = models.ForeignKey("schools.User", models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-made_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "name"],
                condition=models.Q(withdrawn_at__isnull=True),
                name="api_client_name_once_in_use",
            ),
            models.CheckConstraint(
                condition=models.Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True)
                | models.Q(withdrawn_at__isnull=False, withdrawn_by__isnull=False),
                name="api_client_withdrawn_by_somebody",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    # What Django REST framework asks of whoever sends a request.
    @property
    def is_authenticated(self) -> bool:
        return True
