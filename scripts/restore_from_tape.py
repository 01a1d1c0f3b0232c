#!/usr/bin/env python3
"""Bring machines back when catalogue and records are lost: only tapes, their key and an empty vCenter are left.

  rebuild   read tapes into an empty catalogue, in the order in which they were written
  list      what the catalogue holds: job, machine, moment, size; each manifest is read from its tape
  show      the manifest of one job: what the machine was, as JSON
  restore   one job into a vCenter: imported, compared with its manifest, named, switched on
  files     single files of one disk of a job, without a vCenter and without booting anything

Needs neither systems/ nor platform/ nor the old records; new ones are begun in --records. The procedure is
docs/runbooks/restore-from-nothing.md.
Exit codes: 0 done, 1 a tape, a key or a machine is not what it should be, 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path

import msgspec
import yaml

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(REPOSITORY / "collections"), str(REPOSITORY)]

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.compare import ManifestIncomplete
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.destination import NoDestination, from_manifest
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.disk_files import NoSuchFile, take_files
from ansible_collections.kyotsu.platform.plugins.module_utils.restore.stream_vmdk import NotAStream, unpack
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import TapeJobs, to_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Drive, Library
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.rebuild import rebuild_catalogue
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import ApplyOptions, World
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read import read_vcenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_machine import (
    RestoreContext,
    finished,
    machine_with,
    restore_into,
    take_away_dead,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_place import place, wait_for_boot
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.restore_source import (
    RestoreFailed,
    RestoreSource,
    run_restore_job,
    source_of_job,
    with_references,
)
from scripts._arguments import Parser
from scripts._console import run_and_exit

DONE, FOUND, UNUSABLE = 0, 1, 2
_MEDIA_SECONDS = 600.0
_FAILURES = (
    RestoreFailed,
    ManifestIncomplete,
    NoDestination,
    NoSuchFile,
    NotAStream,
    TapeError,
    VCenterError,
    RecordsError,
)


class Misuse(Exception):
    """The command cannot be carried out as it was given."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.command(TapeSettings.read(options.tape_settings), options))
    except _FAILURES as error:
        print(f"restore_from_tape: {error}", file=sys.stderr)
        return FOUND
    except Misuse as error:
        print(f"restore_from_tape: {error}", file=sys.stderr)
        return UNUSABLE


def _rebuild(settings: TapeSettings, options: argparse.Namespace) -> int:
    scan, library = _scan(options.scan), Library(settings)
    for tape in options.tapes:
        if isinstance(library.inventory().place(tape), Drive):
            library.unload(tape)
    found = rebuild_catalogue(settings, options.tapes, run=scan, drive=options.drive)
    print(f"{len(found)} jobs are in the catalogue now; see `list`")
    return DONE


def _scan(command: str) -> Callable[[str, str], tuple[int, str]]:
    """The command of the operator with device and barcode in their places. Passwords come from its own environment."""
    if "{device}" not in command or "{barcode}" not in command:
        raise Misuse("--scan must hold {device} and {barcode}, as in docs/runbooks/restore-from-nothing.md")

    def run(device: str, barcode: str) -> tuple[int, str]:
        words = [word.format(device=device, barcode=barcode) for word in shlex.split(command)]
        done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    return run


def _list(settings: TapeSettings, options: argparse.Namespace) -> int:
    tape, code = TapeJobs(settings), DONE
    for job in tape.catalogue.jobs():
        if job.kind not in {"B", "C"}:
            continue
        try:
            manifest = source_of_job(tape, job.job_id, media_seconds=_MEDIA_SECONDS).manifest
        except RestoreFailed as error:
            print(f"{job.job_id:>6}  {job.name}  CANNOT BE READ: {error}")
            code = FOUND
            continue
        size = sum(disk.size_bytes for disk in manifest.disks)
        print(
            f"{job.job_id:>6}  {manifest.machine_name:<16} {manifest.machine_key:<14} {manifest.taken_at[:16]}Z"
            f"  {len(manifest.disks)} disks, {size / 2**30:.2f} GiB on {', '.join(job.volumes)}"
        )
    return code


def _show(settings: TapeSettings, options: argparse.Namespace) -> int:
    source = source_of_job(TapeJobs(settings), options.job, media_seconds=_MEDIA_SECONDS)
    print(msgspec.json.format(msgspec.json.encode(source.manifest), indent=2).decode())
    return DONE


def _restore(settings: TapeSettings, options: argparse.Namespace) -> int:
    tape = TapeJobs(settings)
    source = source_of_job(tape, options.job, say=print, media_seconds=_MEDIA_SECONDS)
    source = with_references(tape, source, say=print, media_seconds=_MEDIA_SECONDS)
    destination = from_manifest(
        source.manifest,
        cluster=options.cluster,
        resource_pool=options.resource_pool,
        folder=options.folder,
        datastore=options.datastore,
        port_groups=options.port_group or None,
        mounts=_mounts(source),
    )
    endpoint = Endpoint(
        id=options.vcenter,
        hostname=options.host,
        port=options.port,
        username=options.user,
        password=options.password_file.read_text(encoding="utf-8").strip(),
        ca_file=str(options.ca_file),
    )
    origin = Origin.here(run_id=uuid.uuid4().hex[:12], commit="without records")
    with (
        open_store(f"sqlite:///{options.records.absolute()}", production=False) as store,
        connect(endpoint) as session,
        TaskWaiter(session) as waiter,
        store.locks.acquire([options.vcenter], owner=origin.actor, run_id=origin.run_id, commit=origin.commit),
    ):
        world = World(session, read_vcenter(session, options.datacenter), waiter, ApplyOptions())
        context = RestoreContext(
            world=world,
            datacenter=options.datacenter,
            tape=tape,
            store=store,
            origin=origin,
            ca_file=options.ca_file,
            say=print,
            media_seconds=_MEDIA_SECONDS,
        )
        for line in take_away_dead(context):
            print(line)
        if machine_with(context, source.manifest.instance_uuid) is not None:
            raise RestoreFailed(f"{source.manifest.machine_name} is in this vCenter already: it is not overwritten")
        restored = restore_into(context, source, destination)
        place(context, restored.reference, destination)
        booted = wait_for_boot(world, restored.reference, options.boot_seconds)
        finished(context, restored, "restored without records")
    print(f"{destination.name} is restored as it was at {source.manifest.taken_at}, equal to its manifest")
    if booted is None:
        print(f"its guest tools do not run after {options.boot_seconds:.0f} s: look at its console", file=sys.stderr)
        return FOUND
    print(f"booted after {booted:.0f} s")
    return DONE


def _files(settings: TapeSettings, options: argparse.Namespace) -> int:
    tape = TapeJobs(settings)
    source = source_of_job(tape, options.job, say=print, media_seconds=_MEDIA_SECONDS)
    disk = next((each for each in source.manifest.disks if each.name == options.disk), None)
    if disk is None:
        names = ", ".join(each.name for each in source.manifest.disks)
        raise Misuse(f"{options.disk} is no disk of job {options.job}; it has {names}")
    if not disk.stored:
        source = with_references(tape, source, say=print, media_seconds=_MEDIA_SECONDS)
    options.to.mkdir(parents=True, exist_ok=True)
    # Beside the backup server's own streams, for its client writes there.
    with tempfile.TemporaryDirectory(prefix="files-", dir=settings.streams_folder) as folder:
        packed, raw = Path(folder) / "disk.vmdk", Path(folder) / "disk.raw"
        run_restore_job(
            tape,
            source.jobs[disk.name],
            {disk.name: to_file(packed, expected_sha256=disk.sha256)},
            only=disk.name,
            say=print,
            media_seconds=_MEDIA_SECONDS,
        )
        with packed.open("rb") as stream, raw.open("w+b") as target:
            unpack(stream, target)
        packed.unlink()
        for file in take_files(raw, options.path, options.to):
            print(f"{file}  {file.stat().st_size} bytes")
    return DONE


def _mounts(source: RestoreSource) -> list[str | None]:
    """Where each disk was mounted, from the machine's own text on the tape; nothing if it cannot be read."""
    text = source.manifest.machine_yaml
    # It stands there word for word: its first line without the indentation that the others have.
    indents = [len(line) - len(line.lstrip()) for line in text.splitlines()[1:] if line.strip()]
    try:
        described = yaml.safe_load(" " * min(indents, default=0) + text)
    except yaml.YAMLError:
        described = None
    if not isinstance(described, dict):
        print("the machine's text on the tape cannot be read: its guest is not told of its disks", file=sys.stderr)
        return []
    disks = described.get("disks") or []
    return [disk.get("mount") if isinstance(disk, dict) else None for disk in disks]


def _parser() -> argparse.ArgumentParser:
    parser = Parser(prog="restore_from_tape", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = REPOSITORY / ".lab" / os.environ.get("KYOTSU_LAB", "default") / "tape" / "settings.json"
    parser.add_argument("--tape-settings", type=Path, default=default, help="how the tape software is reached")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    rebuild = commands.add_parser("rebuild", help="read tapes into an empty catalogue")
    rebuild.add_argument("tapes", nargs="+", metavar="BARCODE", help="in the order in which they were written")
    rebuild.add_argument("--scan", required=True, help="command of bscan with {device} and {barcode}")
    rebuild.add_argument("--drive", type=int, default=0)
    rebuild.set_defaults(command=_rebuild)
    files = commands.add_parser("files", help="single files of one disk")
    files.add_argument("job", type=int)
    files.add_argument("path", nargs="+", help="in the disk's own file system, beginning with /")
    files.add_argument("--disk", required=True, help="disk0, disk1, … as `show` names them")
    files.add_argument("--to", type=Path, required=True, metavar="FOLDER")
    files.set_defaults(command=_files)
    commands.add_parser("list", help="what the catalogue holds").set_defaults(command=_list)
    show = commands.add_parser("show", help="the manifest of one job")
    show.add_argument("job", type=int)
    show.set_defaults(command=_show)
    restore = commands.add_parser("restore", help="one job into a vCenter")
    restore.add_argument("job", type=int)
    restore.add_argument("--vcenter", default="vcenter", help="what the new records call it")
    for name in ("host", "user", "datacenter", "cluster", "resource-pool", "folder", "datastore"):
        restore.add_argument(f"--{name}", required=True)
    restore.add_argument("--port", type=int, default=443)
    restore.add_argument("--password-file", type=Path, required=True)
    restore.add_argument("--ca-file", type=Path, required=True)
    restore.add_argument("--port-group", action="append", help="one per interface, if they are called otherwise now")
    restore.add_argument("--records", type=Path, required=True, help="SQLite file of the records that begin here")
    restore.add_argument("--boot-seconds", type=float, default=300.0)
    restore.set_defaults(command=_restore)
    return parser


if __name__ == "__main__":
    run_and_exit(main)
