"""The way of a backup from vCenter's lease to tape, measured: beside the tape software alone, and its memory."""

from __future__ import annotations

import hashlib
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.choose import COMPRESSION
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.outcome import BackupOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.backup.run import run_backup
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import pool_for
from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, backup_of
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import JobRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.jobs import JobDefinition, TapeJobs, from_file
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.waiting import wait
from tests.bench.measure import BenchFailed
from tests.support.backup_lab import bring_up_tapes
from tests.support.estate_lab import EstateLab, copy_whole, estate_lab
from tests.support.small_estate import edit

MEGABYTE = 1_000_000
STREAMS, MEGABYTES, ROUNDS = 10, 400, 3
SMALL_MEGABYTES, FACTOR = 64, 8
LEAST_SHARE = 0.7
# Allocators keep a little; a path that held the disk would have hundreds more.
MOST_GROWTH_MIB = 16.0
_LAB = "bench-tape"
_POLL_SECONDS = 0.2  # of a write of ten seconds and more
_LOOK_SECONDS = 0.02
_POLICY = "exports_per_datastore: 4"


@dataclass(frozen=True)
class Round:
    """Seconds for equal bytes by both ways; `verb_seconds` of the whole verb, with snapshots and read-back.

    `vcenter_cores`: what the lab's vCenter took of the cores while the path wrote; `load` of the machine before it all.
    """

    streams: int
    megabytes: int
    local_seconds: float
    path_seconds: float
    verb_seconds: float
    vcenter_cores: float
    load: float

    @property
    def share(self) -> float:
        """What the path reaches of what the tape software reaches from local files."""
        return self.local_seconds / self.path_seconds


def share_of(rounds: Sequence[Round]) -> float:
    """The median share."""
    return statistics.median(each.share for each in rounds)


@dataclass(frozen=True)
class Memory:
    """The most that each process of the path had, in MiB: for one disk, and for one `factor` times as large."""

    megabytes: int
    factor: int
    small: Mapping[str, float]
    large: Mapping[str, float]

    @property
    def growth(self) -> dict[str, float]:
        """How much more each process had."""
        return {name: self.large[name] - self.small[name] for name in self.large}


@dataclass(frozen=True)
class PathLab:
    """A lab with machines of one pool, and the tape software.

    `files` and `digests`: what is on the disk of each machine, and its SHA-256.
    """

    lab: EstateLab
    names: tuple[str, ...]
    pool: str
    segment: str
    compression: str
    files: dict[str, Path]
    digests: dict[str, str]

    @property
    def tape(self) -> TapeJobs:
        """The layer over the tape software."""
        return TapeJobs(self.lab.laboratory.tape.settings())

    def fill(self, name: str, content: Path) -> None:
        """Let a lease of the machine's disk give these bytes: those of its descriptor, as long as it has no guest."""
        with self.lab.machine(self.vcenter, name) as machine:
            (disk,) = [each for each in machine.config.hardware.device if hasattr(each, "capacityInKB")]
            path = str(disk.backing.fileName)
        target = self.lab.laboratory.paths.root / "datastores" / self.vcenter / path[1:].replace("] ", "/")
        target.unlink()
        os.link(content, target)
        self.files[name], self.digests[name] = content, sha256(content)

    @property
    def vcenter(self) -> str:
        """The vCenter that has the machines."""
        estate = load_estate(self.lab.repository).estate
        return estate.cluster_by_name[estate.machine_by_name[self.names[0]][0].cluster].vcenter

    def backup(self, names: Sequence[str]) -> BackupOutcome:
        """The verb; every copy must be read back, and hold the very bytes that were put on the disk."""
        settings = self.lab.laboratory.tape.paths.settings_file
        outcome = run_backup(self.lab.target(), settings, names=names)
        for each in outcome.machines:
            if each.copy is None:
                raise BenchFailed(f"{each.name}: {each.status}: {each.message}")
            stored = {stream.name: stream.sha256 for stream in each.copy.streams}
            if stored["disk0"] != self.digests[each.name]:
                raise BenchFailed(f"{each.name}: other bytes than those of its disk are on tape")
        return outcome


@contextmanager
def path_lab(streams: int) -> Iterator[PathLab]:
    """Bring up a lab with so many machines of one disk each, all of one pool, and take it down."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        repository = copy_whole(Path(folder))
        # All streams at once, wherever their disks lie: what a real datastore bears is no question of this machine.
        edit(repository, "platform/backup.yml", _POLICY, f"exports_per_datastore: {streams}")
        estate = load_estate(repository).estate
        pool, names = machines_of_one_pool(estate, streams)
        segment = estate.machine_by_name[names[0]][0].segment
        written = next(each for each in estate.platform.tape_encryption if each.segment == segment)
        with estate_lab(repository, _LAB) as lab:
            lab.foundation()
            lab.provision(*names)
            bring_up_tapes(lab, tapes=6, capacity_bytes=30_000 * MEGABYTE)
            yield PathLab(lab, names, pool, segment, COMPRESSION[written.compression], {}, {})


def machines_of_one_pool(estate: Estate, number: int) -> tuple[str, tuple[str, ...]]:
    """(pool, names) of so many machines that are copied to tape and have one disk."""
    media = {each.id: each.medium for each in estate.platform.backup_classes}
    pools: dict[str, list[str]] = {}
    for system, machine in estate.machines():
        if len(machine.disks) == 1 and media[backup_of(system, machine).backup_class] == "tape":
            confidentiality = system.classification.confidentiality
            pool = pool_for(estate.platform.media_pools, system.segment, confidentiality, offsite=False)
            pools.setdefault(pool.id, []).append(machine.name)
    pool_id, names = max(pools.items(), key=lambda each: len(each[1]))
    if len(names) < number:
        raise BenchFailed(f"the estate has {len(names)} machines of one disk in a pool, {number} are needed")
    return pool_id, tuple(names[:number])


# --- what is measured ---------------------------------------------------------------------------------------------


def measure_share(streams: int, megabytes: int, rounds: int, *, say: Callable[[Round], None]) -> list[Round]:
    """Rounds of both ways, one after the other, after one small round that counts for nothing and labels the tapes.

    `megabytes` of each stream; `say` is told each round. BenchFailed if a copy is not good or a drive did not work.
    """
    found = []
    with path_lab(streams) as lab:
        contents = Path(lab.lab.repository.parent)
        for name in lab.names:
            lab.fill(name, disk_like(contents / f"{name}-first", 1))
        lab.backup(lab.names)
        for name in lab.names:
            lab.fill(name, disk_like(contents / f"{name}-disk", megabytes))
        for _ in range(rounds):
            load = os.getloadavg()[0]
            with write_clock(lab.tape, streams) as local:
                _from_local_files(lab)
            vcenter = lab.lab.laboratory.process(lab.vcenter).pid() or 0
            began, cpu = time.monotonic(), _cpu_seconds(vcenter)
            with write_clock(lab.tape, streams) as path:
                outcome = lab.backup(lab.names)
            _require_drives({tape for each in outcome.machines if each.copy for tape in each.copy.tapes}, streams)
            verb = time.monotonic() - began
            cores = (_cpu_seconds(vcenter) - cpu) / path.seconds
            found.append(Round(streams, streams * megabytes, local.seconds, path.seconds, verb, cores, load))
            say(found[-1])
    return found


def measure_memory(megabytes: int = SMALL_MEGABYTES, factor: int = FACTOR) -> Memory:
    """One machine with a small disk to tape and back to its hash, then with a large one, in a lab that is new."""
    peaks: list[dict[str, float]] = []
    with path_lab(1) as lab:
        (name,) = lab.names
        for size in (megabytes, megabytes * factor):
            lab.fill(name, disk_like(Path(lab.lab.repository.parent) / f"{name}-{size}", size))
            with stream_peaks(str(lab.lab.laboratory.tape.paths.scripts / "tape-stream")) as streams:
                lab.backup([name])
            if not streams:
                raise BenchFailed("no stream program was seen at work")
            tape = lab.lab.laboratory.tape
            pids = {
                "client": tape.process(f"{lab.segment}-fd").pid(),
                "storage daemon": tape.process("bacula-sd").pid(),
            }
            found = {each: peak_mib(pid or 0) for each, pid in {**pids, "controller": os.getpid()}.items()}
            peaks.append({"stream program": max(streams.values()), **found})
    return Memory(megabytes, factor, *peaks)


def _from_local_files(lab: PathLab) -> None:
    """The tape software alone: a job of one stream per machine, from a file of the same bytes."""
    tape = lab.tape
    client = tape.settings.clients[lab.segment]
    names = {f"local-{name}": path for name, path in lab.files.items()}
    tape.define([JobDefinition(name, client, lab.pool, ("disk0",), compression=lab.compression) for name in names])
    ids = [tape.backup(name, {"disk0": from_file(path)}) for name, path in names.items()]
    volumes = {volume for each in ids for volume in wait(tape, each, seconds=1200).check().volumes}
    _require_drives(volumes, len(ids))


def _require_drives(tapes: set[str], streams: int) -> None:
    if streams > 1 and len(tapes) < 2:
        raise BenchFailed(f"all streams went to {', '.join(tapes)}: the second drive did not work")


@dataclass
class Clock:
    """`seconds` from the first backup job in the catalogue to the end of the last one."""

    seconds: float = 0.0


@contextmanager
def write_clock(tape: TapeJobs, jobs: int) -> Iterator[Clock]:
    """Watch the catalogue while the block writes so many jobs. BenchFailed if it saw more or fewer."""
    clock, over = Clock(), threading.Event()
    seen: dict[int, JobRecord] = {}
    times: list[float] = []

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            now = time.monotonic()
            writing = {each.job_id: each for each in tape.catalogue.unfinished() if each.kind == "B"}
            seen.update(writing)
            if writing:
                times.append(now)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield clock
    finally:
        over.set()
        watcher.join()
    if len(seen) != jobs or not times:
        raise BenchFailed(f"{len(seen)} jobs were seen being written, {jobs} should have been")
    clock.seconds = times[-1] - times[0] + _POLL_SECONDS


@contextmanager
def stream_peaks(program: str) -> Iterator[dict[int, float]]:
    """The most memory of each stream program that runs during the block, MiB by process id."""
    peaks: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_LOOK_SECONDS):
            for path in Path("/proc").glob("[0-9]*/cmdline"):
                if program in _read(path).split("\0")[:3]:
                    pid = int(path.parent.name)
                    peaks[pid] = max(peaks.get(pid, 0.0), peak_mib(pid))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield peaks
    finally:
        over.set()
        watcher.join()


def peak_mib(pid: int) -> float:
    """VmHWM of a process; 0 if it is gone."""
    lines = [line for line in _read(Path(f"/proc/{pid}/status")).splitlines() if line.startswith("VmHWM:")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def _cpu_seconds(pid: int) -> float:
    words = _read(Path(f"/proc/{pid}/stat")).rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK") if words else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:  # it has just ended
        return ""


def disk_like(path: Path, megabytes: int) -> Path:
    """A file that shrinks as disks of servers do: half noise, half text."""
    line = b"a line of a log file, as there are many\n"
    with path.open("wb") as stream:
        for _ in range(megabytes):
            stream.write((os.urandom(MEGABYTE // 2) + line * (MEGABYTE // 2 // len(line) + 1))[:MEGABYTE])
    return path


def sha256(path: Path) -> str:
    """The hash of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
