"""Mail: 5,000 messages with their letters to a mail server on this machine, and the outbox page with 10,000 rows.

Runs on a database of its own in a temporary folder. The peer of the mails is a bare loop of smtplib that hands the same
number of ready-made mails to the same server.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
MAILS, ROWS = 5000, 10_000
PACE, PAGE = 50.0, 0.300  # mails a second, seconds

MEASURE = """
import json, os, smtplib, statistics, time, hashlib
import asyncio
from aiosmtpd.controller import Controller
from django.conf import settings
from django.core.mail import EmailMessage
from django.test import Client
from django.db import connection
from datetime import date, timedelta

class Sink:
    taken = 0
    async def handle_DATA(self, server, session, envelope):
        Sink.taken += 1
        return "250 Taken"

controller = Controller(Sink(), hostname="127.0.0.1", port=int(os.environ["SINK_PORT"]))
controller.start()
settings.OA_MAY_SEND, settings.OA_MAIL_MODE, settings.OA_MAIL_ALLOW = True, "send", ["*"]
settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(os.environ["SINK_PORT"])
settings.EMAIL_BACKEND = "schools.mail.GuardedBackend"
settings.OA_MAIL_TRANSPORT = "schools.mail.PatientBackend"
settings.CELERY_TASK_ALWAYS_EAGER = False
settings.ALLOWED_HOSTS = ["testserver"]

from admissions.procedures.registry import DEFAULT
from notifications.enums import MessageState
from notifications.models import Delivery, Letter, Message
from notifications.services.deliveries import due_deliveries
from notifications.services import deliveries
from notifications.services.outbox import send_now
from notifications.services.sending import send_batch, build_mail
from schools.enums import Role
from schools.models import Board, Membership, Region, AdmissionYear, Round, School, User, local_moment
from tests.notifications.family_messages import MERGE
from notifications.services.letters import render_letter

deliveries._go = lambda ids: None  # the measurement itself sends
region = Region.objects.create(
    slug="duinstad", name="Duinstad", procedure_key=DEFAULT.key, desk_name="Loket"
)
year = AdmissionYear.objects.create(region=region, code="2023-2024", starts_on=date(2023, 10, 1),
    ends_on=date(2024, 9, 30), uncapped_ends_on=date(2024, 11, 30), born_from=date(2020, 10, 1),
    born_to=date(2021, 9, 30))
day = date(2024, 4, 18)
round_ = Round.objects.create(year=year, code="ALM2", kind="ALM", position=2, offers_on=day, state="offers")
board = Board.objects.create(region=region, name="Stichting")
common = {"region": region, "board": board, "postcode": "2500AA"}
schools = [School.objects.create(brin=f"{n:02}AA00", name=f"School {n}", **common) for n in range(80)]
from notifications.models import Release
people = [User.objects.create_user(f"m{n}@example.org", "x", name=f"M {n}") for n in range(2)]
Membership.objects.create(user=people[0], role=Role.PROGRAMME_MANAGER, region=region)
moment = local_moment(day)
Release.objects.create(
    year=year, round=round_, moment=moment, opened_at=moment, first_by=people[0], second_by=people[1])
mails, rows = int(os.environ["MAILS"]), int(os.environ["ROWS"])

def message(n):
    return Message(year=year, round=round_, kind="M04", case_key=f"B{n:07}/ALM2",
        registration_number=f"B{n:07}", school=schools[n % 80], recipient_name="A. de Wit",
        recipient_email=f"o{n}@example.org", merge=MERGE["M04"], not_before=moment)

started = time.perf_counter()
send_now([message(n) for n in range(mails)], now=moment)
released = time.perf_counter() - started
first = Message.objects.select_related("year__region").first()
pdf = render_letter(first)
from notifications.services.letters import make_letters
letters = make_letters(message_ids=[first.pk])
one = Letter.objects.get()
Letter.objects.bulk_create((Letter(message_id=pk, pdf=pdf, hash=one.hash, basis=getattr(one, "basis", "")) for pk in
    Message.objects.exclude(pk=first.pk).values_list("pk", flat=True)), batch_size=200)
sample = Delivery.objects.select_related("message__year__region").first()
raw = build_mail(sample).message().as_bytes(linesep="\\r\\n")
peers = 500
started = time.perf_counter()
with smtplib.SMTP("127.0.0.1", settings.EMAIL_PORT) as server:
    for n in range(peers):
        server.sendmail("a@example.org", [f"o{n}@example.org"], raw)
bare = peers / (time.perf_counter() - started)
Sink.taken = 0
started = time.perf_counter()
while ids := due_deliveries():
    send_batch(ids)
seconds = time.perf_counter() - started
stored = Delivery.objects.filter(state="offered").count()
send_now([message(n) for n in range(mails, rows)], now=moment)
settings.OA_MAIL_MODE = "outbox"
from allauth.mfa.models import Authenticator
Authenticator.objects.create(user=people[0], type="totp", data={"secret": "x"})
client = Client()
client.force_login(people[0], backend="allauth.account.auth_backends.AuthenticationBackend")
times = []
for turn in range(12):
    started = time.perf_counter()
    answer = client.get("/programma/verzending/")
    times.append(time.perf_counter() - started)
    assert answer.status_code == 200, answer.status_code
controller.stop()
print(json.dumps({"pace": mails / seconds, "taken": Sink.taken, "stored": stored, "bare": bare,
    "released": released, "page": statistics.median(times[2:]), "worst": max(times[2:]),
    "rows": Message.objects.count(), "kb": len(raw) // 1024}))
"""


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run() -> list[dict[str, Any]]:
    """Mails a second beside a bare loop, and the outbox page."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings.local",
            "ENV_FILE": "none",
            "DATABASE_URL": f"sqlite:///{folder}/bench.sqlite3",
            "LOG_LEVEL": "ERROR",
            "SINK_PORT": str(_free_port()),
            "MAILS": str(MAILS),
            "ROWS": str(ROWS),
        }
        for arguments, script in ((["migrate", "--verbosity", "0"], ""), (["shell"], MEASURE)):
            done = subprocess.run(
                [sys.executable, "manage.py", *arguments],
                cwd=ROOT,
                env=environment,
                input=script,
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise RuntimeError(f"{arguments[0]}: {done.stderr[-800:]}")
    found = json.loads(done.stdout.strip().splitlines()[-1])
    return [
        {
            "work": f"{MAILS} mails with a letter of {found['kb']} kB, states stored",
            "figure": f"{found['pace']:.0f} mails/s",
            "peer": f"{found['bare']:.0f} mails/s, bare smtplib loop",
            "ratio": found["pace"] / found["bare"],
            "budget": f"{PACE:.0f} mails/s, each once",
            "ok": found["pace"] >= PACE and found["taken"] == found["stored"] == MAILS,
        },
        {
            "work": f"release of {MAILS} messages with their deliveries",
            "figure": f"{found['released']:.2f} s",
            "peer": "",
            "budget": "",
        },
        {
            "work": f"outbox page with {found['rows']} messages",
            "figure": f"{found['page'] * 1000:.0f} ms, worst {found['worst'] * 1000:.0f} ms",
            "peer": "",
            "budget": f"{PAGE * 1000:.0f} ms",
            "ok": found["page"] < PAGE,
        },
    ]
