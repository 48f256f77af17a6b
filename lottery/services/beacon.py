"""Is a typed beacon value the real one? (OA-LOT/1 section 10)

Level 1 (SHA-256) always; level 2 checks the BLS signature on the round number, about a second.
"""

import hashlib
import re
import sys

from django.utils.translation import gettext as _

from schools.errors import RefusedError

PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d1064510"
    "d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
TAG = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
VALUE_DIGITS, SIGNATURE_DIGITS = 64, 96


class BeaconError(RefusedError):
    """This is not the value of that round."""


def clean_hex(text: str, digits: int, what: str) -> str:
    """``digits`` hexadecimal signs without spaces, in small letters; BeaconError names the first wrong one."""
    found = "".join(text.split()).lower()
    wrong = re.search(r"[^0-9a-f]", found)
    if wrong:
        raise BeaconError(
            _(
                "%(what)s: sign number %(position)d is “%(sign)s”. Only 0 to 9 and a to f occur. Look at it again."
            )
            % {"what": what, "position": wrong.start() + 1, "sign": wrong.group()}
        )
    if len(found) != digits:
        raise BeaconError(
            _("%(what)s has %(found)d signs, and it must have %(digits)d. Compare it with the other screen.")
            % {"what": what, "found": len(found), "digits": digits}
        )
    return found


def check_beacon(round_number: int, value: str, signature: str, *, listed: tuple[int, ...] = ()) -> None:
    """Raises BeaconError unless ``value`` is the randomness of ``round_number``; ``listed``: rounds it may be of."""
    if hashlib.sha256(bytes.fromhex(signature)).hexdigest() != value:
        raise BeaconError(
            _("Value and signature do not belong together. Probably there is a typing error in one of them.")
        )
    if is_signed(round_number, signature):
        return
    other = next(
        (number for number in listed if number != round_number and is_signed(number, signature)), None
    )
    if other is not None:
        raise BeaconError(
            _("This is the value of round %(other)d, and not of round %(round)d. Look up the right round.")
            % {"other": other, "round": round_number}
        )
    raise BeaconError(
        _("This is not the value of round %(round)d: the signature belongs to another round.")
        % {"round": round_number}
    )


def is_signed(round_number: int, signature: str) -> bool:
    """e(signature, G2) = e(H(message), public key); False also for bytes that are no point on the curve."""
    limit = sys.getrecursionlimit()
    try:
        from py_ecc.bls.hash_to_curve import hash_to_G1  # slow to import, and needed on one day a round
        from py_ecc.bls.point_compression import decompress_G1, decompress_G2
        from py_ecc.bls.typing import G1Compressed, G2Compressed
        from py_ecc.optimized_bls12_381 import G2, curve_order, is_inf, multiply, pairing
    finally:
        # Importing py_ecc lifts the limit to 100,000 for the whole process: from then on deeply nested JSON that
        # anybody sends would break the stack, and the process with it, instead of raising RecursionError.
        sys.setrecursionlimit(limit)

    message = hashlib.sha256(round_number.to_bytes(8, "big")).digest()
    key = bytes.fromhex(PUBLIC_KEY)
    try:
        point = decompress_G1(G1Compressed(int.from_bytes(bytes.fromhex(signature), "big")))
        public = decompress_G2(
            G2Compressed((int.from_bytes(key[:48], "big"), int.from_bytes(key[48:], "big")))
        )
    except ValueError:
        return False
    if is_inf(point) or not is_inf(multiply(point, curve_order)):
        return False
    hashed = hash_to_G1(message, TAG, hashlib.sha256)  # type: ignore[arg-type]
    return bool(pairing(G2, point) == pairing(public, hashed))
