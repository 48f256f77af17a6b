"""The broker of plain files of the embedded form: kombu's, with messages that appear whole or not at all.

Kombu opens a message under its final name and writes it afterwards. A worker that looks in between takes an empty file,
and ends with an error in the middle of nothing; the message is gone.
"""

from pathlib import Path
from time import monotonic
from typing import Any
from uuid import uuid4

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.encoding import str_to_bytes
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Writes beside the queue and moves into it: within one folder that is a single step."""

    def _put(self, queue: str, payload: Any, **kwargs: Any) -> None:  # type: ignore[override]
        name = f"{round(monotonic() * 1000)}_{uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        being_written = folder / f"{name}.part"
        being_written.write_bytes(str_to_bytes(dumps(payload)))
        being_written.rename(folder / name)


class Transport(filesystem.Transport):
    """``filesystem://``, made safe for several processes."""

    Channel = Channel


def use() -> None:
    """Let ``filesystem://`` mean this transport."""
    TRANSPORT_ALIASES["filesystem"] = f"{__name__}:Transport"
