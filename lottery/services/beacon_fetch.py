"""Fetching the public beacon over a network, where there is one (OA-LOT/1 sections 7 point 4 and 10).

Off until the operator names addresses (BEACON_URLS). What comes back is judged as if somebody had typed it: hash and
BLS signature. It is one of the two entries; a person reads the same value from another device. Without an answer
nothing is lost: two people type.
"""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from lottery.services.beacon import (
    SIGNATURE_DIGITS,
    VALUE_DIGITS,
    BeaconError,
    check_beacon,
    clean_hex,
)

log = structlog.get_logger(__name__)

CHAIN: Final = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"  # drand-quicknet
LARGEST: Final = 4096  # bytes of an answer; a real one has about 350


@dataclass(frozen=True, slots=True)
class Fetched:
    """A value that belongs to its round."""

    number: int
    value: str
    signature: str


def fetch_beacon(number: int, *, listed: tuple[int, ...] = ()) -> Fetched:
    """The value of a round from the first address that gives a right one.

    Errors: BeaconError with what went wrong at the last address and what to do.
    """
    problem = _("No address of the beacon is known to this installation.")
    for address in settings.BEACON_URLS:
        host = urlsplit(address).hostname or address
        try:
            return _judged(_get(f"{address.rstrip('/')}/{CHAIN}/public/{number}"), number, listed)
        except TimeoutError:
            problem = _("%(host)s did not answer in time.") % {"host": host}
        except (OSError, http.client.HTTPException) as exc:
            problem = _("%(host)s could not be reached.") % {"host": host}
            log.info("beacon_unreachable", host=host, error=type(exc).__name__)
        except BeaconError as exc:
            problem = _("What %(host)s sent is not right. %(problem)s") % {"host": host, "problem": exc}
    raise BeaconError(problem + " " + _("Read the value from another device, and let two people type it."))


def _judged(content: bytes, number: int, listed: tuple[int, ...]) -> Fetched:
    try:
        found = json.loads(content)
        told, value, signature = found["round"], found["randomness"], found["signature"]
    except (ValueError, KeyError, TypeError, RecursionError) as exc:
        raise BeaconError(_("It is not the answer of a beacon.")) from exc
    if not (type(told) is int and isinstance(value, str) and isinstance(signature, str)):
        raise BeaconError(_("It is not the answer of a beacon."))
    if told != number:
        raise BeaconError(
            _("It is the value of round %(other)d, and not of round %(round)d.")
            % {"other": told, "round": number}
        )
    value = clean_hex(value, VALUE_DIGITS, _("The value"))
    signature = clean_hex(signature, SIGNATURE_DIGITS, _("The signature"))
    check_beacon(number, value, signature, listed=listed)
    return Fetched(number, value, signature)


def _get(address: str) -> bytes:
    """The answer of one address, within BEACON_TIMEOUT seconds in all, however slowly it drips. Follows no redirect."""
    parts = urlsplit(address)
    kinds = {"https": http.client.HTTPSConnection, "http": http.client.HTTPConnection}
    if parts.scheme not in kinds or not parts.hostname:
        raise BeaconError(_("An address of the beacon begins with https://. Look at BEACON_URLS."))
    connection = kinds[parts.scheme](parts.hostname, parts.port, timeout=settings.BEACON_TIMEOUT)
    try:
        connection.connect()
        with _deadline(connection) as is_late:
            try:
                connection.request("GET", parts.path, headers={"Accept": "application/json"})
                answer = connection.getresponse()
                content: bytes = answer.read(LARGEST + 1)
            except (OSError, http.client.HTTPException) as exc:
                if is_late.is_set():
                    raise TimeoutError from exc
                raise
            if is_late.is_set():
                raise TimeoutError
    finally:
        connection.close()
    if answer.status in (404, 425):
        raise BeaconError(_("This round is not known there yet."))
    if answer.status != 200:
        raise BeaconError(_("It answered with error %(status)d.") % {"status": answer.status})
    if len(content) > LARGEST:
        raise BeaconError(_("It is not the answer of a beacon."))
    return content


@contextmanager
def _deadline(connection: http.client.HTTPConnection) -> Iterator[threading.Event]:
    """Hang up when the time is over: the timeout of a socket counts anew with every byte that drips in."""
    is_late, line = threading.Event(), connection.sock

    def hang_up() -> None:
        is_late.set()
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(settings.BEACON_TIMEOUT, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield is_late
    finally:
        timer.cancel()
