"""Whatever happens to a machine and its tapes, a copy that counts gives back what its disks held when it was taken."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ansible_collections.kyotsu.platform.plugins.module_utils.backup.unchanged import Earlier, Terms, decide
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy, existing, standings
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.retention import releasable_tapes, retained
from ansible_collections.kyotsu.platform.plugins.module_utils.disk_marks import DiskMark, MachineMark, kept_mark
from ansible_collections.kyotsu.platform.plugins.module_utils.model.tape import CopyRetention
from ansible_collections.kyotsu.platform.plugins.module_utils.records.backup_values import MachineBackup, StreamRecord
from tests.support.backups import make_row
from tests.support.tapes import ONSITE, START, make_copy, make_status

KEY = "s01-db-1"
RULE = {"tape-daily": CopyRetention(id="few", daily=2, weekly=1, monthly=1, yearly=1, basis="assumed")}
COPIES_PER_TAPE = 2
DAYS = 5  # greatest age of a reference


@dataclass
class World:
    """A machine with two disks whose content is a number, and the tapes that its copies went to."""

    now: datetime = START
    power: str = "off"
    power_on: int = 1
    version: int = 1
    snapshots: int = 0
    saved: list[int] = field(default_factory=list)  # content of the snapshot of somebody else
    key: int = 1
    content: list[int] = field(default_factory=lambda: [0, 0])
    touched: list[int] = field(default_factory=lambda: [0, 0])
    copies: list[Copy] = field(default_factory=list)
    rows: dict[int, MachineBackup] = field(default_factory=dict)
    truth: dict[int, list[int]] = field(default_factory=dict)  # content of both disks when each point was taken
    lost: set[str] = field(default_factory=set)
    referred: int = 0

    def mark(self) -> MachineMark:
        disks = tuple(
            DiskMark(device_key=2000 + number, path=f"[ds] db/{number}.vmdk", capacity_bytes=1, file=f"1 {touched}")
            for number, touched in enumerate(self.touched)
        )
        return MachineMark(
            reference="vm-1",
            power=self.power,
            change_version=str(self.version),
            power_on=self.power_on,
            snapshots=self.snapshots,
            disks=disks,
        )

    def switch(self) -> None:
        self.power_on += self.power == "off"
        self.power = "on" if self.power == "off" else "off"

    def write(self, disk: int, *, guest: bool) -> None:
        """By the guest, which only writes while it runs, or past the machine on its datastore."""
        if not guest or self.power == "on":
            self.content[disk] += 1
            self.touched[disk] += 1

    def snapshot(self) -> None:
        """Somebody takes a snapshot, or removes it."""
        self.snapshots = 1 - self.snapshots
        self.saved = list(self.content)

    def revert(self) -> None:
        """To that snapshot, while the machine is off; vCenter touches no file and tells no event of it."""
        if self.snapshots and self.power == "off":
            self.content = list(self.saved)

    def copy(self, *, read_back: bool, meanwhile: bool) -> None:
        """A backup; `meanwhile`: the guest is switched on, writes, and is off again before the snapshot has gone."""
        before, point = self.mark(), len(self.copies) + 1
        standing = standings(self.copies, self.lost, self.now)
        good = [each for each in self.copies if standing.get(each.id) == "good"]
        earlier = Earlier(
            newest=self.rows[good[-1].restore_point] if good else None,
            rows={each.restore_point: self.rows[each.restore_point] for each in good},
            copies=self.copies,
            standing=standing,
        )
        terms = Terms(
            pool=ONSITE,
            key_id=f"g{self.key}",
            in_library={tape for each in self.copies for tape in each.tapes},
            now=self.now,
            days=DAYS,
        )
        decisions = decide(dict(zip(("disk0", "disk1"), before.disks, strict=True)), earlier, before, {}, terms)
        self.truth[point] = list(self.content)
        streams = []
        for number, decision in enumerate(decisions):
            held_by = decision.reference.restore_point if decision.reference else None
            self.referred += held_by is not None
            # What lies on the tape: the content of now, or that of the copy which is referred to.
            sha256 = str(self.content[number]) if decision.reference is None else decision.reference.sha256
            streams.append(
                StreamRecord(name=decision.stream, sha256=sha256, bytes=1, disk_key=2000 + number, held_by=held_by)
            )
        if meanwhile and self.power == "off":
            self.switch()
            self.write(0, guest=True)
            self.switch()
        row = make_row(
            KEY, taken_at=self.now, restore_point=point, streams=tuple(streams), mark=kept_mark(before, self.mark(), {})
        )
        self.rows[point] = row
        made = make_copy(
            point,
            self.now,
            machine=KEY,
            backup_class="tape-daily",
            pool=ONSITE,
            tapes=(f"KYT{point // COPIES_PER_TAPE:03}L8",),
            key_id=f"g{self.key}",
            needs=row.needs,
            read_back_at=self.now,
            read_back_ok=read_back,
        )
        self.copies.append(made)

    def release(self) -> None:
        """Give up every tape that the policy lets go."""
        tapes = sorted({tape for each in self.copies for tape in each.tapes} - self.lost)
        kept = retained(self.copies, RULE, self.now, unreadable=self.lost)
        releases = releasable_tapes([make_status(tape) for tape in tapes], self.copies, kept, self.now)
        free = {each.tape for each in releases if each.releasable}
        self.copies = [
            replace(each, released_at=self.now) if set(each.tapes) & free and each.released_at is None else each
            for each in self.copies
        ]

    def check(self) -> None:
        """Every copy that counts gives back the content of its moment, from copies that are there and can be read."""
        standing = standings(self.copies, self.lost, self.now)
        there = {each.restore_point: each for each in existing(self.copies, self.now)}
        for copy in there.values():
            if standing[copy.id] != "good":
                continue
            for number, stream in enumerate(self.rows[copy.restore_point].streams):
                holder = there[stream.held_by or copy.restore_point]
                assert standing[holder.id] == "good"
                assert not set(holder.tapes) & self.lost
                (held,) = [each for each in self.rows[holder.restore_point].streams if each.disk_key == stream.disk_key]
                assert held.held_by is None
                assert held.sha256 == stream.sha256 == str(self.truth[copy.restore_point][number])


ACTIONS = st.one_of(
    st.tuples(
        st.just("copy"), st.sampled_from([True, True, True, False]), st.sampled_from([False, False, False, True])
    ),
    st.tuples(st.just("write"), st.integers(0, 1), st.booleans()),
    st.tuples(st.sampled_from(["switch", "reconfigure", "snapshot", "revert", "key", "lose", "release"])),
)


def happen(world: World, action: tuple[object, ...]) -> None:
    match action:
        case ("copy", bool(read_back), bool(meanwhile)):
            world.copy(read_back=read_back, meanwhile=meanwhile)
        case ("write", int(disk), bool(guest)):
            world.write(disk, guest=guest)
        case ("switch",):
            world.switch()
        case ("reconfigure",):
            world.version += 1
        case ("snapshot",):
            world.snapshot()
        case ("revert",):
            world.revert()
        case ("key",):
            world.key += 1
        case ("lose",) if world.copies:
            world.lost.add(world.copies[len(world.copies) // 2].tapes[0])
        case ("release",):
            world.release()
    world.check()
    world.now += timedelta(hours=7)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(ACTIONS, max_size=40))
def test_a_copy_that_counts_gives_back_what_was_there(actions: list[tuple[object, ...]]) -> None:
    world = World()
    for action in actions:
        happen(world, action)


def test_such_stories_do_refer() -> None:
    world = World()
    for _ in range(20):
        happen(world, ("copy", True, False))
        happen(world, ("release",))
    # Two disks each time; the first copy, and one each time that the reference has grown too old, is written.
    assert 0 < world.referred < 2 * 19
