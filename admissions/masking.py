"""Hiding small counts, and the counts from which they would follow (DH-163).

A public table shows numbers of children together with their sum, and sums of the same children elsewhere on the page.
So a count below five is not the only one that must go: what is left must allow at least two values for it.
"""

from collections.abc import Sequence

FEW = 5  # a public page gives no count of children below this (DH-163)
FEWER = -1  # a count below that
HIDDEN = -2  # a count from which one below five would follow
MUCH = 10**9


def hide_one(count: int) -> int:
    """A count on its own; zero stays: it is nobody."""
    return FEWER if 0 < count < FEW else count


def hide(counts: Sequence[int]) -> tuple[int, ...]:
    """Counts that are shown together with their sum: FEWER for those below five, and none that can be computed.

    As long as one below five would follow from the sum, the smallest that is still shown becomes HIDDEN. When none is
    left that could be, all are HIDDEN (unless the sum itself is below five: whoever shows it, hides it too).
    """
    shown = [hide_one(count) for count in counts]
    total = sum(counts)
    while _reveals(shown, total):
        others = [index for index, count in enumerate(shown) if count >= FEW]
        if not others:
            return tuple(shown) if total < FEW else tuple(HIDDEN if count else 0 for count in counts)
        shown[min(others, key=lambda index: counts[index])] = HIDDEN
    return tuple(shown)


def _reveals(shown: Sequence[int], total: int) -> bool:
    """Whether the sum leaves only one value for a count below five."""
    rest = total - sum(count for count in shown if count > 0)
    bounds = [(1, FEW - 1) if count == FEWER else (FEW, MUCH) for count in shown if count < 0]
    lowest, highest = sum(low for low, _high in bounds), sum(high for _low, high in bounds)
    for low, high in bounds:
        least, most = max(low, rest - (highest - high)), min(high, rest - (lowest - low))
        if high < FEW and least >= most:
            return True
    return False
