"""Pupil ceilings: an even split over the year, and who may change one until when (DH-006, DH-007, Q-37, Q-50)."""


def even_split(places: int, rounds: int) -> list[int]:
    """Spread a yearly ceiling over the rounds; the earliest get the extra places (DH-007, AE-23).

    Errors: ValueError for negative places or no rounds.
    """
    if places < 0 or rounds < 1:
        raise ValueError("places must not be negative and there must be a round")
    share, extra = divmod(places, rounds)
    return [share + (position < extra) for position in range(rounds)]
