"""The records store on a real PostgreSQL that this test starts for itself and ends."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.records import sample_tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import (
    ClockSkewError,
    LockHeldError,
    StoreUnreachableError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.records.samples import Filters, SampleStore
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import ObjectResult, Origin
from tests.support.observations import machine_sample, observation
from tests.support.tapes import OFFSITE, ONSITE, START, TO_VAULT, event, proven_key

REPOSITORY = Path(__file__).parents[2]
ORIGIN = Origin(actor="hanako", host="controller-1", run_id="run-1", commit="abc")


@dataclass(frozen=True)
class Server:
    """A running PostgreSQL with one superuser `records` that has a password."""

    directory: Path
    programs: Path
    port: int
    password: str

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://records@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="records", password=self.password, dbname=database, autocommit=True
        )


def find_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    pytest.fail("PostgreSQL is missing; install it with: apt-get install -y --no-install-recommends postgresql")


def as_server_user(*command: str | Path) -> None:
    """PostgreSQL refuses to run as root."""
    prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    done = subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True, cwd="/", check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = find_programs()
    directory = Path(tempfile.mkdtemp(prefix="records-postgresql-"))
    password = secrets.token_hex(8)
    password_file = directory / "password"
    password_file.write_text(password)
    if os.geteuid() == 0:
        account = pwd.getpwnam("postgres")
        for path in (directory, password_file):
            os.chown(path, account.pw_uid, account.pw_gid)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    data = directory / "data"
    try:
        as_server_user(
            *(programs / "initdb", "--pgdata", data, "--username=records", "--encoding=UTF8", "--locale=C.UTF-8"),
            *("--auth=scram-sha-256", f"--pwfile={password_file}", "--no-sync"),
        )
        options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={directory} -c fsync=off"
        as_server_user(programs / "pg_ctl", "start", "-w", "-D", data, "-l", directory / "log", "-o", options)
        try:
            yield Server(directory, programs, port, password)
        finally:
            as_server_user(programs / "pg_ctl", "stop", "-w", "-D", data, "-m", "immediate")
    finally:
        shutil.rmtree(directory)


@pytest.fixture
def database(server: Server) -> Iterator[str]:
    name = f"records_{secrets.token_hex(4)}"
    with server.connect("postgres") as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield name
    with server.connect("postgres") as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def store(server: Server, database: str) -> Iterator[Store]:
    with open_store(server.url(database), production=True, password=server.password) as opened:
        yield opened


def fill(store: Store, count: int = 6) -> None:
    for number in range(1, count + 1):
        store.chain.append("custody", f"テープ-{number}", {"枚": number}, ORIGIN)


def test_the_migrations_make_exactly_the_tables_of_today(store: Store) -> None:
    with store.database.read() as connection:
        assert compare_metadata(MigrationContext.configure(connection), sample_tables.sample_runs.metadata) == []


def test_samples_are_kept_summed_up_and_forgotten_as_in_sqlite(store: Store, tmp_path: Path) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    first = datetime(2026, 11, 24, 0, 5, tzinfo=UTC)
    last = date(2026, 11, 26)
    whole = (date(2026, 11, 24), last)
    results = []
    with open_store(f"sqlite:///{tmp_path / 'records.sqlite3'}", production=False) as other:
        for samples in (SampleStore(store, tokyo), SampleStore(other, tokyo)):
            for number in range(60):
                network = None if number % 7 == 0 else 3_000_000_000 // (number + 1) % 2_000_000_000
                machine = machine_sample("a", cpu_used_mhz=number * 37 % 100, network_used_kbps=network)
                gone = [machine_sample("b", system=None, cpu_used_mhz=None)] if number < 30 else []
                samples.save(observation(first + timedelta(hours=number), [machine, *gone]))
            latest = samples.latest(first + timedelta(days=9))
            reduced = samples.reduce(last, sample_days_kept=1, months_kept=60)
            results.append(
                (
                    latest,
                    reduced,
                    samples.latest(first + timedelta(hours=1)),
                    samples.days(*whole),
                    samples.daily_totals("system", *whole),
                    samples.storage_totals("owner", *whole, Filters(systems=(None,))),
                    samples.cluster_days(*whole),
                    samples.host_days(*whole),
                    samples.datastore_days(*whole),
                    samples.machine_periods(*whole),
                )
            )
    postgresql, sqlite = results
    assert postgresql == sqlite
    assert postgresql[1].forgotten_samples == 15  # of the first day; 09:05 to 23:05
    assert [each.samples for each in postgresql[3]] == [15, 24, 21]


def test_opening_again_finds_everything_as_it_was(store: Store, server: Server, database: str) -> None:
    fill(store)
    head = store.chain.head()
    with open_store(server.url(database), production=True, password=server.password) as again:
        assert again.chain.head() == head
        assert again.chain.verify(head).ok


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET actor = 'nobody' WHERE id = 2",
        "DELETE FROM entries WHERE id = 6",
        "TRUNCATE entries CASCADE",
        "INSERT INTO entries SELECT 9, recorded_at, kind, subject, actor, host, run_id, commit, payload, hash, hash"
        " FROM entries WHERE id = 6",
    ],
)
def test_the_database_refuses_to_change_entries(store: Store, server: Server, database: str, statement: str) -> None:
    fill(store)
    with server.connect(database) as connection, pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        connection.execute(statement)
    assert store.chain.verify(store.chain.head()).checked == 6


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE entries SET payload = '{}' WHERE id = 3", [(3, "changed")]),
        ("DELETE FROM entries WHERE id = 3", [(3, "removed")]),
        ("DELETE FROM entries WHERE id > 4", [(6, "truncated")]),
    ],
)
def test_what_an_administrator_did_past_the_triggers_is_found(
    store: Store, server: Server, database: str, statement: str, found: list[tuple[int, str]]
) -> None:
    fill(store)
    anchor = store.chain.head()
    with server.connect(database) as connection:
        connection.execute("ALTER TABLE entries DISABLE TRIGGER USER")
        connection.execute(statement)
    problems = store.chain.verify(anchor).problems
    assert [(problem.entry_id, problem.what) for problem in problems] == found


WRITER = """
import os, sys
sys.path.insert(0, "collections")
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
name, url = sys.argv[1:]
with open_store(url, production=False, password=os.environ["RECORDS_PASSWORD"]) as store:
    for number in range(40):
        store.chain.append("custody", name, {"n": number}, Origin(name, "h", name, ""))
"""


def test_two_controllers_that_create_the_store_and_append_at_once_lose_nothing(server: Server, database: str) -> None:
    environment = os.environ | {"RECORDS_PASSWORD": server.password}
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, name, server.url(database)],
            cwd=REPOSITORY,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in ("first", "second")
    ]
    for writer in writers:
        assert writer.communicate(timeout=60)[1] == ""
        assert writer.returncode == 0
    with open_store(server.url(database), production=True, password=server.password) as store:
        result = store.chain.verify()
        assert (result.ok, result.checked) == (True, 80)


def test_plan_approval_apply_and_results_work_as_on_sqlite(store: Store) -> None:
    store.plans.save("d1", kind="live", environment="lab", document={"変更": ["s02-ap01"]}, origin=ORIGIN)
    until = datetime.now(UTC) + timedelta(hours=1)
    approval = store.approvals.approve("d1", who="taro", role="管理者", until=until, origin=ORIGIN)
    assert store.approvals.approval_for("d1", datetime.now(UTC)) == approval
    apply_id = store.applies.start("d1", verb="provision", origin=ORIGIN)
    assert store.applies.interrupted() == []
    store.applies.record(apply_id, [ObjectResult("vc1", name, "started") for name in ("b", "B", "a")])
    store.applies.record(apply_id, [ObjectResult("vc1", "a", "done", changed=True)])
    store.applies.finish(apply_id, outcome="failed", origin=ORIGIN)
    results = [(result.object, result.state, result.changed) for result in store.applies.results(apply_id)]
    assert results == [("B", "started", False), ("a", "done", True), ("b", "started", False)]
    plan = store.plans.get("d1")
    assert plan is not None
    assert plan.document == {"変更": ["s02-ap01"]}
    assert store.chain.verify(store.chain.head()).ok


def test_tapes_copies_and_keys_work_as_on_sqlite(store: Store) -> None:
    tapes = [event("register"), event("register", tape="KYT002L8", position="2", pool=ONSITE)]
    store.custody.record(tapes, lambda _: Facts(), ORIGIN)
    fields = {"machine": "m", "system": "s31", "backup_class": "tape-daily", "taken_at": START, "size_bytes": 2**41}
    proof = {"key_id": "lgwan-g1", "job": "1", "manifest_digest": "0" * 64}
    onsite = NewCopy(**fields, **proof, pool=ONSITE, offsite=False, tapes=("KYT002L8",))  # type: ignore[arg-type]
    (first,) = store.copies.add([onsite], ORIGIN)
    offsite = replace(onsite, pool=OFFSITE, offsite=True, tapes=("KYT001L8",), restore_point=first.restore_point)
    refers = replace(onsite, needs=(first.restore_point,))
    made = [first, *store.copies.add([offsite, refers], ORIGIN)]
    for copy in made:
        store.copies.read_back(copy.id, ok=True, job="2", origin=ORIGIN)
    store.custody.record([event(action) for action in TO_VAULT], lambda _: Facts(), ORIGIN)
    for each in proven_key():
        store.tape_keys.record(each, ORIGIN)
    status = store.custody.place_of("KYT001L8")
    assert status is not None
    assert (status.place, status.case) == ("vault", "CASE-LG-01")
    found = store.copies.blast_radius(["KYT002L8"], START + timedelta(days=1))
    assert [(point.lost, point.remaining_offsite) for point in found.systems[0].points] == [
        (False, ("KYT001L8",)),
        (True, ()),
    ]
    assert store.copies.verify() == []
    assert store.chain.verify().ok
    given_up = [event(action, tape="KYT002L8") for action in ("close", "expire", "erase")]
    store.custody.record(given_up, lambda _: Facts(), ORIGIN)  # type: ignore[arg-type]
    assert [copy.tapes for copy in store.copies.existing()] == [("KYT001L8",)]


def test_the_longest_names_in_japanese_fit_into_the_indexes(store: Store) -> None:
    longest = "".join(chr(0x4E00 + number * 7) for number in range(400))
    store.chain.append("custody", longest, {}, ORIGIN)
    store.plans.save("d1", kind="live", environment="lab", document={}, origin=ORIGIN)
    apply_id = store.applies.start("d1", verb="provision", origin=ORIGIN)
    store.applies.record(apply_id, [ObjectResult(longest, longest, "done")])
    assert store.applies.results(apply_id)[0].object == longest


def test_the_lock_covers_all_controllers(store: Store, server: Server, database: str) -> None:
    assert "covers all controllers" in store.lock_scope
    assert server.password not in store.lock_scope
    with (
        open_store(server.url(database), production=True, password=server.password) as other,
        store.locks.acquire(["vc1"], owner="hanako", run_id="run-1") as lease,
    ):
        with pytest.raises(LockHeldError, match="run-1"):
            other.locks.acquire(["vc1", "vc2"], owner="taro", run_id="run-2")
        lease.renew()
        lease.check()
    assert store.locks.holders() == []


def test_a_controller_with_a_wrong_clock_gets_no_lock(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock

    def ahead() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=5)

    monkeypatch.setattr(clock, "utc_now", ahead)
    monkeypatch.setattr(store.database, "clock", ahead)
    with pytest.raises(ClockSkewError, match="300 s"):
        store.locks.acquire(["vc1"], owner="hanako", run_id="run-1")
    assert store.locks.holders() == []


def test_a_wrong_password_is_one_clear_error_without_the_password(server: Server, database: str) -> None:
    with pytest.raises(StoreUnreachableError, match="password authentication failed") as caught:
        open_store(server.url(database), production=True, password="wrong-hunter2")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_command_takes_the_password_from_a_file_or_a_variable(
    store: Store, server: Server, database: str, tmp_path: Path
) -> None:
    fill(store)
    password_file = tmp_path / "password"
    password_file.write_text(server.password + "\n")
    password_file.chmod(0o600)
    command = [sys.executable, str(REPOSITORY / "scripts" / "records.py"), "--production"]
    environment = os.environ | {"KYOTSU_RECORDS_URL": server.url(database), "RECORDS_PASSWORD": server.password}
    for source in (["--password-file", str(password_file)], ["--password-environment", "RECORDS_PASSWORD"]):
        done = subprocess.run(
            [*command, *source, "verify", "--anchor", str(store.chain.head())],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert "6 entries read, 0 problems" in done.stdout
