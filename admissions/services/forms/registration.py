"""Registration numbers (aanmeldnummer): random, so that nobody can count applications with them (DH-161)."""

import secrets

from admissions.models import Application

# No I, L, O, U: read aloud on the phone without doubt. Eight of 32 symbols: 10^12 numbers.
SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 8


def any_number() -> str:
    """One number, not looked up: the database refuses one that is taken (once in 10^7 forms), then draw again."""
    return "".join(secrets.choice(SYMBOLS) for _ in range(LENGTH))


def draw_numbers(count: int) -> list[str]:
    """``count`` different numbers that no application has."""
    numbers: set[str] = set()
    while len(numbers) < count:
        fresh = {any_number() for _ in range(count - len(numbers))}
        batch = sorted(fresh)
        for start in range(0, len(batch), 500):
            taken = Application.objects.filter(registration_number__in=batch[start : start + 500])
            fresh -= set(taken.values_list("registration_number", flat=True))
        numbers |= fresh
    return list(numbers)
