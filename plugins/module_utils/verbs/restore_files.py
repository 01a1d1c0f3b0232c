"""Files of a source back from tape into a folder of the backup server, each compared with the list on the tape.

Nothing living is overwritten: the folder is new or empty, and who wants a file in its place puts it there from it.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Result
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import FileSource
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import StoredCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.choice import (
    Choice,
    NothingToRestore,
    Side,
    choose_copy,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.plan import digest_of, moment
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.route import Stop, route_of
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_compare import (
    ListUnreadable,
    differences,
    place,
    read_list,
    selected,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.file_jobs import FileJobs, list_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.outcome import Outcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.prepare import Prepared, prepare
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_order import RestoreOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.target import Target

_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesOrder:
    """What is asked for. `source`: its id; `to`: folder of the backup server; `paths`: files or folders, () for all."""

    source: str
    to: Path
    tape_settings: Path
    paths: Sequence[str] = ()
    at: str = ""
    side: Side | None = None
    unproven: bool = False
    check: bool = False


@dataclass(frozen=True, slots=True)
class _Found:
    source: FileSource
    choice: Choice
    stored: StoredCopy
    waits: tuple[Stop, ...]


def run_restore_files(target: Target, order: FilesOrder, *, now: datetime | None = None) -> RestoreOutcome:
    """Restore files into the folder and compare them; check mode lists what the copy has.

    Raises:
        InvalidEstate, RecordsError, VerbRefused: nothing was written.
    """
    started = time.monotonic()
    prepared = prepare(target, now, writes=not order.check)
    source = _source(prepared, order)
    _require_empty(order.to)
    try:
        tape = TapeJobs(TapeSettings.read(order.tape_settings))
        with open_store(target.records_url, production=target.production, create=False) as store:
            try:
                found = _find(prepared, store, source, order)
            except NothingToRestore as error:
                return _outcome(source, order, ("refused", str(error)), (), started)
            text = _text(prepared, tape, found, order)
            if found.waits:
                away = "; ".join(f"{stop.tape}: {stop.todo.en}" for stop in found.waits if stop.todo is not None)
                return _outcome(source, order, ("held", away), text, started)
            if order.check:
                return _outcome(source, order, ("changed", f"would be restored to {order.to}"), text, started)
            origin = Origin.here(run_id=uuid.uuid4().hex[:12], commit=prepared.commit)
            result = _restore(target, tape, store, origin=origin, found=found, order=order)
            return _outcome(source, order, result, text, started)
    except TapeError as error:
        raise VerbRefused(str(error)) from error


def _restore(
    target: Target, tape: TapeJobs, store: Store, *, origin: Origin, found: _Found, order: FilesOrder
) -> tuple[str, str]:
    resources = [f"{target.environment}/{found.source.key}"]
    with store.locks.acquire(resources, owner=origin.actor, run_id=origin.run_id, commit=origin.commit):
        order.to.mkdir(mode=0o700, exist_ok=True)
        try:
            count = _bring(tape, found, order)
        except (ListUnreadable, TapeError) as error:
            return "failed", f"{error}; what came stays in {order.to}: do not use it"
        payload = {"copy": found.choice.copy.id, "files": count, "paths": list(order.paths), "to": str(order.to)}
        store.chain.append("file-restore", found.source.key, payload, origin)
    return "changed", f"{count} files in {order.to}, each equal to its hash on the list"


def _bring(tape: TapeJobs, found: _Found, order: FilesOrder) -> int:
    """Restore, compare, and give how many files came. Raises ListUnreadable, TapeError."""
    files, job_id = FileJobs(tape), found.stored.job_id
    listed = list_file(found.source.id)
    written = place(order.to, listed)
    digest = found.stored.manifest_digest
    say = Progress().say
    wanted: list[str] | None = None
    if order.paths:
        say(f"restore: {found.source.key}: reads the list of its files")
        wait(tape, files.restore(job_id, order.to, files=[listed]), say=say).check()
        wanted = selected(read_list(written, sha256=digest), order.paths)
        if not wanted:
            raise ListUnreadable(f"the copy has no file {', '.join(order.paths)}")
    say(f"restore: {found.source.key}: {'all' if wanted is None else len(wanted)} files come from tape")
    wait(tape, files.restore(job_id, order.to, files=wanted or ()), say=say).check()
    wrong = differences(order.to, read_list(written, sha256=digest), only=None if wanted is None else set(wanted))
    if wrong:
        raise ListUnreadable("; ".join(wrong))
    return sum(1 for _ in read_list(written, sha256=digest)) if wanted is None else len(wanted)


def _find(prepared: Prepared, store: Store, source: FileSource, order: FilesOrder) -> _Found:
    estate, now = prepared.estate, prepared.now
    zone = ZoneInfo(estate.platform.estate.timezone)
    try:
        at = moment(order.at, zone) if order.at else now + timedelta(seconds=1)
    except ValueError as error:
        raise VerbRefused(f"at: {order.at!r} is no moment; write 2026-11-24 or 2026-11-24T22:30") from error
    statuses = store.custody.statuses()
    choice = choose_copy(
        store.copies.existing(), statuses, source.key, at=at, as_of=now, side=order.side, unproven=order.unproven
    )
    stored = store.backups.content(choice.copy.id)
    if stored is None:
        raise NothingToRestore(f"{source.key}: the records do not know the job of copy {choice.copy.id}")
    route = route_of(choice.tapes, statuses, estate.platform.vaults, now.astimezone(zone).date())
    return _Found(source, choice, stored, tuple(stop for stop in route if stop.todo is not None))


def _source(prepared: Prepared, order: FilesOrder) -> FileSource:
    known = {each.id: each for each in prepared.estate.platform.file_sources}
    if order.source not in known:
        names = ", ".join(known) or "none"
        raise VerbRefused(f"file_sources of platform/backup.yml has no {order.source}; it has {names}")
    return known[order.source]


def _require_empty(folder: Path) -> None:
    """VerbRefused unless the folder is new or empty: what is restored never lies among other files."""
    if not folder.is_absolute() or not folder.parent.is_dir():
        raise VerbRefused(f"to: {folder} is no absolute path in a folder that exists")
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()) or (folder.exists() and any(folder.iterdir())):
        raise VerbRefused(f"to: {folder} is not empty: nothing is overwritten, name a new folder")


def _text(prepared: Prepared, tape: TapeJobs, found: _Found, order: FilesOrder) -> tuple[str, ...]:
    zone = ZoneInfo(prepared.estate.platform.estate.timezone)
    copy = found.choice.copy
    lines = [
        f"{found.source.key} as it was on {copy.taken_at.astimezone(zone):%Y-%m-%d %H:%M}, "
        f"{copy.size_bytes / 1e6:.1f} MB on {', '.join(found.choice.tapes)}"
        + ("" if found.choice.proven else ", never read back")
    ]
    names = tape.catalogue.files(found.stored.job_id, below=order.paths, most=_SHOWN + 1)
    more = ["  … and more: name folders with paths to see them"] if len(names) > _SHOWN else []
    return (*lines, *(f"  {name}" for name in names[:_SHOWN]), *more)


def _outcome(
    source: FileSource, order: FilesOrder, result: tuple[str, str], text: tuple[str, ...], started: float
) -> RestoreOutcome:
    status, message = result
    plan = {"source": source.id, "to": str(order.to), "paths": list(order.paths), "text": list(text)}
    return RestoreOutcome(
        outcome=Outcome(
            results=[
                Result(vcenter="", kind="machine", object=source.key, label=source.key, status=status, message=message)
            ],
            unchanged=0,
            unmanaged=(),
            digest=digest_of([plan]),
            seconds=time.monotonic() - started,
            calls={},
        ),
        plans=(plan,),
        text=text,
    )
