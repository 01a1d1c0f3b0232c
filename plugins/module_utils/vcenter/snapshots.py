"""Snapshots of many machines at once: read in one call, made, reverted and removed side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.snapshot_label import SnapshotLabel, label_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import many, truth
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

_TREE = "snapshot.rootSnapshotList"
_TASK_SECONDS = 900.0
# Each freezes a guest for a moment: as many as a few datastores take without making the others wait.
_PARALLEL = 8

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """One snapshot of a machine. `depth` 1 is a root; `label` None: not ours. `created` is aware."""

    machine: str  # managed object id of the machine
    reference: str  # managed object id of the snapshot
    name: str
    created: datetime
    depth: int
    quiesced: bool
    label: SnapshotLabel | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """How one machine fared. `snapshot`: id of the one made; `error` is empty after success."""

    machine: str
    snapshot: str | None = None
    error: str = ""


def read_snapshots(session: Session, machines: Iterable[str]) -> dict[str, tuple[Snapshot, ...]]:
    """Every snapshot of these machines (managed object ids), oldest of a branch first; one call. Raises VCenterError.

    A machine that has vanished is not in the answer.
    """
    objects = [vim.VirtualMachine(each, session.stub) for each in machines]
    if not objects:
        return {}
    return {
        item.reference: tuple(_walk(item.reference, many(item.properties.get(_TREE)), 1))
        for item in retrieve(session, {vim.VirtualMachine: (_TREE,)}, objects=objects)
    }


def _walk(machine: str, trees: Sequence[Mapping[str, Any]], depth: int) -> Iterator[Snapshot]:
    for tree in trees:
        yield Snapshot(
            machine=machine,
            reference=str(tree["snapshot"]),
            name=str(tree.get("name", "")),
            created=datetime.fromisoformat(str(tree["createTime"])),
            depth=depth,
            quiesced=truth(tree.get("quiesced")),
            label=label_of(str(tree.get("description", ""))),
        )
        yield from _walk(machine, many(tree.get("childSnapshotList")), depth + 1)


def create_snapshots(
    session: Session,
    machines: Sequence[str],
    label: SnapshotLabel,
    *,
    quiesce: bool = True,
    progress: Callable[[Done], None] = lambda _: None,
) -> list[Done]:
    """Take one snapshot without memory of each machine, with file systems consistent when `quiesce`.

    Never repeated blindly: where an answer was lost, the machine's snapshots are read, and the one with this label's
    run counts as made. In the order of `machines`; one that fails does not stop the others.
    """

    def one(waiter: TaskWaiter, machine: str) -> Done:
        target = vim.VirtualMachine(machine, session.stub)

        def once() -> str | None:
            task = target.CreateSnapshot_Task(
                name=label.name, description=label.description, memory=False, quiesce=quiesce
            )
            return require(waiter.wait(task, _TASK_SECONDS), "snapshot")

        try:
            return Done(machine=machine, snapshot=retrying(once, repeatable=False))
        except Fault as fault:
            made = _made_meanwhile(session, machine, label) if fault.unsure else None
            if made is None:
                raise
            return Done(machine=machine, snapshot=made)

    return side_by_side(session, machines, one, progress)


def _made_meanwhile(session: Session, machine: str, label: SnapshotLabel) -> str | None:
    found = read_snapshots(session, [machine]).get(machine, ())
    return next((each.reference for each in found if each.label == label), None)


def revert_snapshots(
    session: Session, snapshots: Sequence[Snapshot], *, progress: Callable[[Done], None] = lambda _: None
) -> list[Done]:
    """Bring machines back to a snapshot each; they are off afterwards, for no memory was kept."""
    by_machine = {each.machine: each for each in snapshots}

    def one(waiter: TaskWaiter, machine: str) -> Done:
        snapshot = by_machine[machine]
        target = vim.vm.Snapshot(snapshot.reference, session.stub)
        retrying(lambda: require(waiter.wait(target.RevertToSnapshot_Task(), _TASK_SECONDS), "revert"))
        return Done(machine=machine, snapshot=snapshot.reference)

    return side_by_side(session, list(by_machine), one, progress)


def remove_snapshots(
    session: Session, snapshots: Sequence[Snapshot], *, progress: Callable[[Done], None] = lambda _: None
) -> list[Done]:
    """Remove these and leave what hangs on them. One that is gone already counts as removed.

    Those of one machine go one after the other, the youngest first: a vCenter does one at a time.
    """
    by_machine: dict[str, list[Snapshot]] = {}
    for each in snapshots:
        by_machine.setdefault(each.machine, []).append(each)

    def one(waiter: TaskWaiter, machine: str) -> Done:
        for snapshot in sorted(by_machine[machine], key=lambda each: -each.depth):
            _remove(session, waiter, snapshot)
        return Done(machine=machine)

    return side_by_side(session, list(by_machine), one, progress)


def _remove(session: Session, waiter: TaskWaiter, snapshot: Snapshot) -> None:
    target = vim.vm.Snapshot(snapshot.reference, session.stub)

    def once() -> None:
        require(waiter.wait(target.RemoveSnapshot_Task(removeChildren=False), _TASK_SECONDS), "remove snapshot")

    try:
        retrying(once)
    except VCenterError:
        found = read_snapshots(session, [snapshot.machine]).get(snapshot.machine, ())
        if any(each.reference == snapshot.reference for each in found):
            raise


def side_by_side(
    session: Session,
    machines: Sequence[str],
    work: Callable[[TaskWaiter, str], Done],
    progress: Callable[[Done], None] = lambda _: None,
) -> list[Done]:
    """Do something with many machines at once; what fails of one does not stop the others. In their order."""
    if not machines:
        return []

    def one(waiter: TaskWaiter, machine: str) -> Done:
        try:
            done = work(waiter, machine)
        except VCenterError as error:
            done = Done(machine=machine, error=message_of(error))
        progress(done)
        return done

    with TaskWaiter(session) as waiter, ThreadPoolExecutor(min(_PARALLEL, len(machines))) as pool:
        return list(pool.map(lambda machine: one(waiter, machine), machines))
