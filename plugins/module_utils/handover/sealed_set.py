"""The final sealed set of tapes: what lies on which tape, and how to read it without this repository. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import TapeStatus, unreadable_tapes
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.states import PLACES_JA
from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate, status_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedCopy:
    """One copy that is handed over. `manifest_sha256` is that of the stream `manifest` on the same tapes."""

    machine: str
    name: str
    system: str
    segment: str
    taken_on: str
    side: str  # on-site | off-site
    tapes: tuple[str, ...]
    job: str
    key_id: str | None
    manifest_sha256: str
    kept_until: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedTape:
    """One tape of the set and where it is."""

    barcode: str
    pool: str
    state: str
    place: str
    place_ja: str
    position: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedSet:
    """What a successor gets. `missing`: machines that hold data and have no good copy."""

    copies: tuple[SealedCopy, ...]
    tapes: tuple[SealedTape, ...]
    keys: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Jobs:
    """What the records know of each copy by its id: job of the tape software and digest of the manifest."""

    jobs: Mapping[int, tuple[str, str]]


def sealed_set(
    estate: Estate,
    copies: Iterable[Copy],
    statuses: Mapping[str, TapeStatus],
    known: Jobs,
    *,
    as_of: datetime,
    segments: Collection[str],
    kept: Mapping[str, date],
) -> SealedSet:
    """The newest good copy of each machine on each side, with everything that it needs, on the tapes as they lie."""
    systems = {system.id: system for system in estate.systems if system.segment in segments}
    mine = [copy for copy in copies if copy.system in systems]
    standing = standings(mine, unreadable_tapes(statuses.values()), as_of)
    newest: dict[tuple[str, bool], Copy] = {}
    for copy in sorted((each for each in mine if standing.get(each.id) == "good"), key=lambda each: each.id):
        newest[copy.machine, copy.offsite] = copy
    chosen = _with_needs(list(newest.values()), mine)
    names = {machine.key: machine.name for _, machine in estate.machines()}
    barcodes = sorted({tape for copy in chosen for tape in copy.tapes})
    has = {copy.machine for copy in newest.values()}
    return SealedSet(
        copies=tuple(
            SealedCopy(
                machine=copy.machine,
                name=names.get(copy.machine, copy.machine),
                system=copy.system,
                segment=systems[copy.system].segment,
                taken_on=copy.taken_at.date().isoformat(),
                side="off-site" if copy.offsite else "on-site",
                tapes=copy.tapes,
                job=known.jobs[copy.id][0],
                key_id=copy.key_id,
                manifest_sha256=known.jobs[copy.id][1],
                kept_until=kept[copy.machine].isoformat() if copy.machine in kept else None,
            )
            for copy in sorted(chosen, key=lambda each: (each.system, each.machine, each.offsite, each.id))
        ),
        tapes=tuple(_tape(statuses[barcode]) for barcode in barcodes if barcode in statuses),
        keys=tuple(sorted({copy.key_id for copy in chosen if copy.key_id})),
        missing=tuple(
            sorted(
                machine.name
                for system in systems.values()
                for machine in system.machines
                if not machine.stateless and status_of(system, machine) != "planned" and machine.key not in has
            )
        ),
    )


def _with_needs(chosen: list[Copy], every: list[Copy]) -> list[Copy]:
    """Also the copies whose unchanged disks these refer to, on the same side."""
    found = {copy.id: copy for copy in chosen}
    fresh = list(chosen)
    while fresh:
        wanted = {(point, copy.offsite) for copy in fresh for point in copy.needs}
        fresh = [copy for copy in every if (copy.restore_point, copy.offsite) in wanted and copy.id not in found]
        found.update({copy.id: copy for copy in fresh})
    return list(found.values())


def _tape(status: TapeStatus) -> SealedTape:
    return SealedTape(
        barcode=status.tape,
        pool=status.pool,
        state=status.state,
        place=status.place,
        place_ja=PLACES_JA[status.place],
        position=status.position,
    )


# Stands in the text between these lines; a test runs it as it is printed.
SCRIPT = """\
#!/bin/sh
# bpipe: PROGRAM write …/JOB/restore/STREAM.json < content of the stream
OUT=/restore
JOB=$(basename "$(dirname "$(dirname "$2")")")
mkdir -p "$OUT/$JOB" && exec cat > "$OUT/$JOB/$(basename "$2" .json)"
"""


_UNKNOWN = "テープ装置の設定の stream_program / stream_program in the settings of the tape software"


def how_to_read(content: SealedSet, program: str = "") -> str:
    """The text that lies beside the set, in both languages: programs, keys, steps; nothing of this repository.

    `program`: where the client's program lies that each tape names for its streams; empty where it is not known.
    """
    keys = "、".join(content.keys) or "なし"
    script = "".join(f"   {line}\n" for line in SCRIPT.splitlines())
    return f"""封印媒体セットの読み方 / HOW TO READ THE SEALED SET

1. 必要なもの / What you need
   - LTO テープ装置（媒体番号の末尾が世代：L8 = LTO-8）。A drive of the generation that the barcode ends with.
   - Bacula 9.6 以降（bacula-sd、bacula-fd、bacula-dir、bscan）。Bacula 9.6 or later.
   - 暗号鍵 {keys}：鍵の紙と合言葉の封筒で開く。The private keys: on paper, locked with the words of an envelope.

2. 目録を作る / Rebuild the catalogue
   bscan -B -s -m -c bacula-sd.conf -V 媒体1|媒体2 装置名
   媒体の番号は sealed-set.json の copies[].tapes。Barcodes are in copies[].tapes of sealed-set.json, in their order.

3. 読み出す / Read
   bacula-fd.conf の Plugin Directory に bpipe-fd.so を置く。内容は bpipe がテープに記録されたプログラム
   （PROGRAM）に渡す。次の内容のファイルをその場所に置き、実行可能にする。
   The client needs the plug-in bpipe (Plugin Directory). It hands each stream to the program that the tape names
   (PROGRAM); put a file with these lines there, executable:
   PROGRAM = {program or _UNKNOWN}

{script}
   bconsole の restore で copies[].job の番号のジョブを選び、where=/ とする。流れは disk0, disk1 … と manifest。
   Restore the job with the number of copies[].job, with where=/. Its files are the streams disk0, disk1 … and manifest.
   manifest の disks[] で stored が false のディスクは、same_as の名の写し（同じ仮想サーバの前のジョブ）にある。
   A disk that is not stored (disks[].stored of the manifest) lies in the earlier job that the manifest calls same_as.

4. 照合する / Compare
   sha256sum manifest は copies[].manifest_sha256 と等しいこと。
   manifest（JSON）の disks[].sha256 が、disk0, disk1 … の sha256sum と等しいこと。
   The SHA-256 of manifest must be copies[].manifest_sha256; that of each disk must be the one in the manifest.

5. 仮想サーバに戻す / Make a machine of it
   disk0, disk1 … は stream-optimized VMDK。qemu-img convert -f vmdk、又は vSphere への OVF 取込みで使える。
   The disks are stream-optimized VMDK: qemu-img converts them, vSphere imports them. manifest.vcenter has the machine's
   CPUs, memory, disks and interfaces.
"""
