"""Tasks that run by the clock exist, and what is handed to the worker arrives."""

from pathlib import Path
from threading import Thread

from kombu import Connection

from config import file_broker
from config.celery import app


def test_every_scheduled_task_exists():
    app.loader.import_default_modules()
    scheduled = {entry["task"] for entry in app.conf.beat_schedule.values()}
    assert scheduled - set(app.tasks) == set()


def test_file_broker_never_hands_out_half_a_message(tmp_path: Path):
    """One process writes while another looks: what is there is whole, and all of it arrives."""
    options = {
        "data_folder_in": str(tmp_path),
        "data_folder_out": str(tmp_path),
        "control_folder": str(tmp_path / "c"),
    }
    sent, words = 200, "x" * 200_000

    def write() -> None:
        with Connection("filesystem://", transport_options=options) as connection:
            queue = connection.SimpleQueue("one")
            for number in range(sent):
                queue.put({"number": number, "words": words})
            queue.close()

    writer = Thread(target=write)
    found = set()
    with Connection("filesystem://", transport_options=options) as connection:
        assert type(connection.default_channel) is file_broker.Channel
        queue = connection.SimpleQueue("one")
        writer.start()
        while len(found) < sent:
            message = queue.get(timeout=60)
            assert message.payload["words"] == words
            found.add(message.payload["number"])
            message.ack()
        queue.close()
    writer.join()
    assert found == set(range(sent))
