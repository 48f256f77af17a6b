"""What ``manage.py check --deploy`` says about signing records, so that nobody finds out on the day of a draw."""

from typing import Any

from django.core.checks import CheckMessage, Error, Warning, register

from schools.errors import RefusedError


@register(deploy=True)
def check_record_certificate(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """An error for a certificate that cannot be used, a warning when there is none."""
    from lottery.services.signing import seal_for

    try:
        seal = seal_for(is_rehearsal=False)
    except RefusedError as exc:
        return [Error(str(exc), id="lottery.E001")]
    if seal is None:
        hint = "Set RECORD_CERTIFICATE (docs/operations.md), or sign on paper."
        return [Warning("Records of draws get no digital signature.", hint=hint, id="lottery.W001")]
    return []
