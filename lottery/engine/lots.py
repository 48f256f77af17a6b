"""Lots: the only place where the seed meets a draw (OA-LOT/1 section 5)."""

from __future__ import annotations

import hmac

from lottery.engine.grammar import VERSION


def lot(key: bytes, session: str, draw: str, unit: str) -> str:
    """HMAC-SHA256 of one unit in one draw, as 64 lower-case hexadecimal digits; lower is earlier.

    Shapes: ``key`` is K, the 32 raw bytes of SHA-256(zaad.txt); the other three are fields of the protocol.
    Errors: ValueError when K is not 32 bytes long.
    """
    if len(key) != 32:
        raise ValueError("the key must be 32 bytes")
    message = f"{VERSION}|lot|{session}|{draw}|{unit}".encode("ascii")
    return hmac.digest(key, message, "sha256").hex()


def hand_lot(position: int) -> str:
    """The lot of a unit that the notary drew as number ``position``, from 1 (profile H, section 7)."""
    return f"{position:064x}"
