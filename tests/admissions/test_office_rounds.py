"""Playing a round from a page: the form, the job with its progress, two managers, and what the worker does."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError
from django.test import Client
from django.utils import translation

from admissions.enums import JobKind
from admissions.services.draws.rehearsal import play_round
from admissions.services.year.office_jobs import is_stale, request_letters, request_round, restart_job
from admissions.services.year.year_clock import move_year_clock
from admissions.tasks import check_integrity_task, play_round_task
from lottery.models import DrawSession
from notifications.models import Letter, Message
from schools.clock import database_now
from schools.enums import JobState, RoundState
from schools.errors import RefusedError
from schools.models import Event, Job, Round
from schools.services.jobs import AlreadyRunning, take_job
from tests.admissions.office import BOXES, DICE, address, logged_in, manager, played_city, small_city, text
from tests.factories.city import City, make_city
from tests.factories.schools import region_user

pytestmark = pytest.mark.django_db

PLAY = "/programma/rondes/ALM1/spelen/"
GO = BOXES | {"confirm": "on"}


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def played(city: City, code: str = "ALM1") -> bool:
    return Round.objects.get(year=city.year, code=code).state == RoundState.OFFERS


# --- the form ------------------------------------------------------------------------------------------------------


def test_starting_a_round_makes_one_job_and_the_worker_plays_it(django_capture_on_commit_callbacks: Any):
    city = small_city()
    client = manager(city)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(PLAY, GO)
        job = Job.objects.get(kind=JobKind.PLAY_ROUND)
        assert answer.headers["Location"] == address("job", job.pk)
        assert (job.state, job.key, job.requested_by.email) == (
            JobState.REQUESTED,
            "ALM1",
            job.requested_by.email,
        )
        assert not played(city)  # nothing is done inside the request
    job.refresh_from_db()
    assert (job.state, job.done, job.total) == (JobState.DONE, 6, 6)
    assert played(city)
    session = DrawSession.objects.get()
    assert b"|" + DICE.encode() in bytes(session.seed)
    assert session.record is not None
    assert session.public_record is not None
    letters = Job.objects.get(kind=JobKind.LETTERS)
    assert (letters.state, letters.key) == (JobState.DONE, "ALM1")
    assert Letter.objects.count() == Message.objects.exclude(registration_number="").count() >= 5
    shown = text(client, address("job", job.pk))
    assert session.name in shown
    assert 'hx-trigger="every 1s"' not in shown
    assert Event.objects.filter(kind="round_requested", actor=job.requested_by).count() == 1


@pytest.mark.parametrize(
    ("box", "typed", "sentence"),
    [
        ("d5", "7234561234", "Box 5: a die has no 7. Type that throw again."),
        ("d2", "123456", "Box 2 has 6 throws. Type 10."),
        ("d1", "", "Box 1 has 0 throws. Type 10."),
        ("d6", "123456123456", "Box 6 has 12 throws. Leave out what is too many."),
        ("d3", "12345 é234", "Box 3: a die has no é. Type that throw again."),
        ("d4", "=1+1", "Box 4: a die has no =. Type that throw again."),
    ],
)
def test_wrong_throw_is_named_beside_its_box_and_nothing_typed_is_lost(box: str, typed: str, sentence: str):
    client = manager(small_city())
    answer = client.post(PLAY, GO | {box: typed})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert form.errors == {box: [sentence]}
    assert [field.value() for field in form.dice] == [(GO | {box: typed})[f"d{n}"] for n in range(1, 7)]
    assert form["confirm"].value() is True
    assert f'href="#id_{box}"' in answer.content.decode()
    assert not Job.objects.exists()


def test_spaces_between_throws_are_fine(django_capture_on_commit_callbacks: Any):
    city = small_city()
    with django_capture_on_commit_callbacks(execute=True):
        manager(city).post(PLAY, GO | {"d1": " 12345 61234 "})
    assert played(city)


def test_confirmation_is_needed():
    answer = manager(small_city()).post(PLAY, BOXES)
    assert answer.context["form"].errors == {"confirm": ["Tick that you want to play this round now."]}
    assert not Job.objects.exists()


def test_computer_throws_on_request_and_every_throw_is_a_die():
    client = manager(small_city())
    first, second = (client.get(f"{PLAY}?gooi=1").context["form"] for _count in range(2))
    throws = ["".join(field.value() for field in form.dice) for form in (first, second)]
    assert [len(digits) for digits in throws] == [60, 60]
    assert set("".join(throws)) <= set("123456")
    assert throws[0] != throws[1]
    assert not Job.objects.exists()


def test_round_out_of_order_is_refused_with_a_sentence():
    client = manager(small_city())
    path = "/programma/rondes/ALM2/spelen/"
    assert "ALM1, which has not been played yet" in text(client, path)
    answer = client.post(path, GO)
    assert answer.status_code == 409
    assert "ALM1, which has not been played yet" in answer.context["form"].non_field_errors()[0]
    assert not Job.objects.exists()


def test_real_year_is_never_played():
    city = small_city()
    type(city.year).objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)
    client = manager(city)
    assert "This is a real year" in text(client, PLAY)
    assert client.post(PLAY, GO).status_code == 409
    assert not Job.objects.exists()


# --- two at once ---------------------------------------------------------------------------------------------------


def test_second_of_two_managers_sees_the_job_of_the_first_and_one_clear_message():
    city = small_city()
    first = region_user(city.year.region)
    logged_in(first).post(PLAY, GO)
    second = manager(city)
    answer = second.post(PLAY, GO | {"d1": "6666666666"}, follow=True)
    job = Job.objects.get()
    assert answer.redirect_chain == [(address("job", job.pk), 302)]
    assert [str(message) for message in answer.context["messages"]] == [
        f"{first.name} started this already. Here you see how far it is."
    ]
    assert "A round is being played" in text(second, PLAY)


def test_database_refuses_a_second_job_whatever_path_is_taken():
    city = small_city()
    round_ = city.round("ALM1")
    request_round(round_, digits=DICE, actor=None)
    with pytest.raises(AlreadyRunning):
        request_round(round_, digits=DICE, actor=None)
    with pytest.raises(IntegrityError):
        Job.objects.create(year=city.year, kind=JobKind.PLAY_ROUND, key="ALM1")


def test_clock_stands_while_a_round_is_being_played():
    city = small_city()
    request_round(city.round("ALM1"), digits=DICE, actor=None)
    with pytest.raises(RefusedError, match="A round is being played"):
        move_year_clock(city.year, to=database_now(), actor=None)


# --- progress ------------------------------------------------------------------------------------------------------


def test_progress_is_polled_and_readable_without_script():
    city = small_city()
    client = manager(city)
    job = Job.objects.create(
        year=city.year, kind=JobKind.PLAY_ROUND, key="ALM1", state="running", step="Drawing and matching",
        done=2, total=6, heartbeat_at=database_now(),
    )  # fmt: skip
    url = address("job", job.pk)
    page = text(client, url)
    part = client.get(url, headers={"HX-Request": "true"}).content.decode()
    for shown in (page, part):
        assert "Drawing and matching" in shown
        assert 'value="2" max="6"' in shown
        assert "You can close this screen." in shown
        assert 'hx-trigger="every 1s"' in shown
        assert "Start again" not in shown
    assert "<html" in page
    assert "<html" not in part


def test_long_work_tells_how_many_minutes_are_left():
    city = small_city()
    job = Job.objects.create(
        year=city.year,
        kind=JobKind.LETTERS,
        key="ALM1",
        state="running",
        done=40,
        total=100,
        started_at=database_now() - timedelta(seconds=60),
        heartbeat_at=database_now(),
    )
    url = address("job", job.pk)
    client = manager(city)
    assert "About 2 minutes left." in text(client, url)
    Job.objects.filter(pk=job.pk).update(done=90)
    assert "About 1 minute left." in text(client, url)
    for unknown in ({"done": 0}, {"done": 40, "started_at": database_now()}, {"done": 100}):
        Job.objects.filter(pk=job.pk).update(**unknown)
        assert "left." not in text(client, url)


def test_refusal_of_the_worker_becomes_the_sentence_on_the_page(django_capture_on_commit_callbacks: Any):
    city = small_city()
    client = manager(city)
    with django_capture_on_commit_callbacks(execute=True):
        request_round(city.round("ALM1"), digits=DICE, actor=None)
        type(city.year).objects.filter(pk=city.year.pk).update(is_rehearsal=False, clock_at=None)
    job = Job.objects.get()
    assert job.state == JobState.FAILED
    assert job.message
    shown = text(client, address("job", job.pk))
    assert job.message in shown.replace("&#x27;", "'").replace("&quot;", '"')
    assert f'href="{PLAY}"' in shown
    assert not DrawSession.objects.exists()


def test_dice_of_a_failed_try_need_not_be_typed_again():
    city = small_city()
    Job.objects.create(
        year=city.year, kind=JobKind.PLAY_ROUND, key="ALM1", state="failed", arguments={"digits": "6" * 60}
    )
    form = manager(city).get(PLAY).context["form"]
    assert [field.value() for field in form.dice] == ["6" * 10] * 6


def test_killed_run_goes_on_with_its_locked_dice(django_capture_on_commit_callbacks: Any):
    city = small_city()

    class Killed(Exception):
        pass

    def kill(step: str) -> None:
        if DrawSession.objects.exclude(seed=None).exists():
            raise Killed

    with pytest.raises(Killed):
        play_round(city.round("ALM1"), digits="5" * 60, actor=None, progress=kill)
    client = manager(city)
    page = client.get(f"{PLAY}?gooi=1")
    assert page.context["is_fixed"]
    assert [field.value() for field in page.context["form"].dice] == ["5" * 10] * 6
    with django_capture_on_commit_callbacks(execute=True):
        client.post(PLAY, {f"d{n}": "5" * 10 for n in range(1, 7)} | {"confirm": "on"})
    assert played(city)
    assert DrawSession.objects.count() == 1


def test_unexpected_fault_is_told_on_the_page_and_not_swallowed(monkeypatch: pytest.MonkeyPatch):
    city = small_city()
    job = request_round(city.round("ALM1"), digits=DICE, actor=None)

    def broken(*args: Any, **kwargs: Any) -> None:
        raise ZeroDivisionError("a fault of ours")

    monkeypatch.setattr("admissions.services.draws.rehearsal.play_round", broken)
    with pytest.raises(ZeroDivisionError):
        play_round_task(job.pk)
    job.refresh_from_db()
    assert job.state == JobState.FAILED
    assert job.message
    assert "a fault of ours" not in job.message


def test_task_delivered_twice_plays_once():
    city = small_city()
    job = request_round(city.round("ALM1"), digits=DICE, actor=None)
    play_round_task(job.pk)
    play_round_task(job.pk)
    assert DrawSession.objects.count() == 1
    job.refresh_from_db()
    assert job.state == JobState.DONE


def test_work_whose_worker_was_stopped_can_be_started_again(django_capture_on_commit_callbacks: Any):
    city = small_city()
    client = manager(city)
    job = request_round(city.round("ALM1"), digits=DICE, actor=None)
    take_job(job.pk)
    url = address("job-restart", job.pk)
    job.refresh_from_db()
    assert not is_stale(job)
    with pytest.raises(RefusedError, match="still running"):
        restart_job(job)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(url)
    assert not played(city)
    Job.objects.update(heartbeat_at=database_now() - timedelta(minutes=2))
    assert "Start again" in text(client, address("job", job.pk))
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(url).headers["Location"] == address("job", job.pk)
    assert played(city)


def test_work_that_waits_behind_other_work_is_not_called_stopped():
    city = small_city()
    job = request_round(city.round("ALM1"), digits=DICE, actor=None)
    Job.objects.filter(pk=job.pk).update(requested_at=database_now() - timedelta(minutes=5))
    job.refresh_from_db()
    assert is_stale(job)
    letters = Job.objects.create(
        year=city.year, kind=JobKind.LETTERS, key="ALM0", state="running", heartbeat_at=database_now()
    )
    assert not is_stale(job)
    shown = text(manager(city), address("job", job.pk))
    assert "Waiting until other work is ready" in shown
    assert "Start again" not in shown
    Job.objects.filter(pk=letters.pk).update(heartbeat_at=database_now() - timedelta(minutes=2))
    assert is_stale(job)


def test_broker_that_does_not_answer_leaves_a_job_that_can_be_started_again(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
):
    city = small_city()
    client = manager(city)

    def silent(*args: Any) -> None:
        raise ConnectionError("no broker")

    with monkeypatch.context() as patched:
        patched.setattr(play_round_task, "delay", silent)
        with django_capture_on_commit_callbacks() as callbacks:
            answer = client.post(PLAY, GO)
        (start,) = callbacks
        assert start.__qualname__  # Django names it in the log when it fails; a partial has no name
        with pytest.raises(ConnectionError):
            start()
    job = Job.objects.get()
    assert (answer.status_code, job.state) == (302, JobState.REQUESTED)
    Job.objects.update(requested_at=database_now() - timedelta(minutes=2))
    with django_capture_on_commit_callbacks(execute=True):
        client.post(address("job-restart", job.pk))
    assert played(city)


# --- VOVP ----------------------------------------------------------------------------------------------------------


def vovp_city() -> City:
    city = make_city({"A": 1, "B": 1, "C": 1})
    city.apply("ALM1", x="A", y="A B", z="A Z1 Z2 Z3 Z4")
    city.play("ALM1", {"A": "x y z"})
    city.play("ALM2")
    return city


def upload(content: bytes, name: str = "opgaven.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="text/csv")


def post_vovp(client: Client, content: bytes | None, name: str = "opgaven.csv") -> Any:
    data: dict[str, Any] = dict(GO)
    if content is not None:
        data["opt_ins"] = upload(content, name)
    return client.post("/programma/rondes/VOVP1/spelen/", data)


def test_opt_in_file_decides_who_takes_part(django_capture_on_commit_callbacks: Any):
    city = vovp_city()
    client = manager(city)
    assert 'type="file"' in text(client, "/programma/rondes/VOVP1/spelen/")
    with django_capture_on_commit_callbacks(execute=True):
        post_vovp(client, b"form_reference,added_preferences\nz,00000C\n")
    job = Job.objects.get(kind=JobKind.PLAY_ROUND)
    assert job.state == JobState.DONE, job.message
    states = {key: state for key, (_kind, state) in city.participations("VOVP1").items()}
    assert states["z"] in ("placed", "unchanged")
    assert states["y"] == "not_opted_in"


def test_without_a_file_everybody_invited_takes_part(django_capture_on_commit_callbacks: Any):
    city = vovp_city()
    with django_capture_on_commit_callbacks(execute=True):
        post_vovp(manager(city), None)
    assert "not_opted_in" not in {state for _kind, state in city.participations("VOVP1").values()}


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\xff\xfe\x00rubbish", "foto.jpg"),
        (b"", "leeg.csv"),
        (b"form_reference;added_preferences\nz;\n", "excel.csv"),
        (b"reference,added\nz,\n", "kolommen.csv"),
        (b"x" * 5_000_000, "groot.csv"),
    ],
)
def test_file_that_is_no_opt_in_list_is_refused_beside_its_field(content: bytes, name: str):
    answer = post_vovp(manager(vovp_city()), content, name)
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == ["opt_ins"]
    assert [field.value() for field in form.dice] == list(BOXES.values())
    assert not Job.objects.filter(kind=JobKind.PLAY_ROUND).exists()


def test_wrong_row_in_the_file_stops_the_round_before_anything_changed(
    django_capture_on_commit_callbacks: Any,
):
    city = vovp_city()
    with django_capture_on_commit_callbacks(execute=True):
        post_vovp(manager(city), b"form_reference,added_preferences\nonbekend,\n")
    job = Job.objects.get(kind=JobKind.PLAY_ROUND)
    assert job.state == JobState.FAILED
    assert "onbekend" in job.message
    assert Round.objects.get(year=city.year, code="VOVP1").state == RoundState.PLANNED


def test_application_period_takes_no_file(django_capture_on_commit_callbacks: Any):
    city = small_city()
    client = manager(city)
    assert 'type="file"' not in text(client, PLAY)
    with pytest.raises(RefusedError, match="opt-in file"):
        request_round(city.round("ALM1"), digits=DICE, actor=None, opt_ins=b"x")


# --- letters, integrity --------------------------------------------------------------------------------------------


def test_letters_are_made_once_more_on_request(django_capture_on_commit_callbacks: Any):
    city = played_city()
    client = manager(city)
    assert "Make 5 letters" in text(client, "/programma/verzending/")
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/programma/rondes/ALM1/brieven/")
    job = Job.objects.get(kind=JobKind.LETTERS)
    assert answer.headers["Location"] == address("job", job.pk)
    assert job.state == JobState.DONE, job.message
    assert "5 of 5 made" in text(client, "/programma/verzending/")


def test_second_request_for_letters_leads_to_the_first():
    city = small_city()
    city.play("ALM1")
    job = request_letters(city.round("ALM1"), actor=None)
    answer = manager(city).post("/programma/rondes/ALM1/brieven/")
    assert answer.headers["Location"] == address("job", job.pk)
    assert Job.objects.count() == 1


def test_nightly_check_tells_that_everything_adds_up():
    city = small_city()
    city.play("ALM1")
    assert check_integrity_task() == 0
    job = Job.objects.get(kind=JobKind.CHECK_INTEGRITY)
    assert job.state == JobState.DONE
    assert "Everything adds up" in text(manager(city), "/programma/")


def test_nightly_check_tells_the_office_what_does_not_add_up():
    city = small_city()
    city.play("ALM1")
    Round.objects.filter(year=city.year, code="ALM2").update(state=RoundState.MATCHED)
    assert check_integrity_task() == 1
    job = Job.objects.get(kind=JobKind.CHECK_INTEGRITY)
    assert job.state == JobState.FAILED
    assert "ALM2" in job.message
    assert "ALM2" in text(manager(city), "/programma/")
    assert check_integrity_task() == 1  # again the next night
    assert Job.objects.filter(kind=JobKind.CHECK_INTEGRITY).count() == 2


def test_results_file_has_no_cell_that_a_spreadsheet_would_compute():
    city = make_city({"A": 1})
    city.imported("ALM1", x="A")
    form = city.application("x").form
    form.form_reference = "=1+1"
    form.save()
    city.play("ALM1")
    answer = manager(city).get("/programma/rondes/ALM1/results.csv")
    rows = list(csv.reader(io.StringIO(b"".join(answer.streaming_content).decode())))
    assert rows[1][0] == "'=1+1"
