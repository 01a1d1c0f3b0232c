"""Apply changes of everything but machines: in the order of dependency, what is independent at the same time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import datetime
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.change import Change, Result
from ansible_collections.kyotsu.platform.plugins.module_utils.state import KINDS, ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import (
    apply_access,
    apply_cluster,
    apply_network,
    apply_storage,
    apply_template,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import (
    ApplyOptions,
    HostCredentials,
    NotPossible,
    World,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.deadlines import held, in_time, time_now
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

__all__ = ["ApplyOptions", "HostCredentials", "apply_items"]

# How to make an object (gives its id), and how to change one (fields by name, values after).
_MAKERS: Mapping[str, Callable[[World, str, Mapping[str, Any]], str]] = {
    "datacenter": apply_cluster.make_datacenter,
    "folder": apply_cluster.make_folder,
    "cluster": apply_cluster.make_cluster,
    "host": apply_cluster.make_host,
    "switch": apply_network.make_switch,
    "port_group": apply_network.make_port_group,
    "datastore": apply_storage.make_datastore,
    "resource_pool": apply_cluster.make_pool,
    "tag_category": apply_access.make_category,
    "tag": apply_access.make_tag,
    "attribute": apply_access.make_attribute,
    "access_role": apply_access.make_role,
    "template": apply_template.make_template,
    "separation": apply_cluster.make_separation,
}
_CHANGERS: Mapping[str, Callable[[World, str, Mapping[str, Any]], None]] = {
    "cluster": apply_cluster.change_cluster,
    "switch": apply_network.change_switch,
    "port_group": apply_network.change_port_group,
    "datastore": apply_storage.change_datastore,
    "resource_pool": apply_cluster.change_pool,
    "access_role": apply_access.change_role,
    "template": apply_template.change_template,
    "separation": apply_cluster.change_separation,
}


def apply_items(
    session: Session,
    observed: ObservedVCenter,
    changes: Sequence[Change],
    *,
    datacenter: str,
    options: ApplyOptions,
    progress: Callable[[Result], None],
    start_before: Mapping[tuple[str, str, str], datetime] | None = None,
    clock: Callable[[], datetime] = time_now,
) -> list[Result]:
    """Apply changes of any kind but machine; one Result per object, status changed or failed.

    Changes that interrupt and whose turn comes only after `start_before` (gate.Gated) of their object are left undone:
    one more Result, status held. An object that fails does not stop the others; what needs it fails too and says so.
    `progress` is called in the caller's thread as each object is done; what it raises ends all that was not begun.
    `datacenter` must be the one that was observed.
    """
    if datacenter != observed.datacenter:
        raise ValueError(f"observed is datacenter {observed.datacenter}, asked for is {datacenter}")
    results: list[Result] = []
    with TaskWaiter(session) as waiter, ThreadPoolExecutor(options.parallel) as pool:
        world = World(session, observed, waiter, options)
        for layer in _layers(changes):
            futures = [pool.submit(_apply_in_time, world, group, start_before or {}, clock) for group in layer]
            try:
                for future in as_completed(futures):
                    for result in future.result():
                        progress(result)
                        results.append(result)
            except BaseException:
                # The lock is lost or the user gave up: what was not begun must not begin.
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return results


def _layers(changes: Iterable[Change]) -> list[list[tuple[Change, ...]]]:
    """Changes by object; a layer holds objects that do not need each other, and needs only those before it."""
    groups: dict[tuple[int, int, str], list[Change]] = {}
    for change in changes:
        # Folders and resource pools stand inside each other: the shallow ones come first.
        groups.setdefault((KINDS.index(change.kind), change.object.count("/"), change.object), []).append(change)
    layers: dict[tuple[int, int], list[tuple[Change, ...]]] = {}
    for (kind, depth, _), group in sorted(groups.items(), key=lambda entry: entry[0]):
        layers.setdefault((kind, depth), []).append(tuple(group))
    return list(layers.values())


def _apply_in_time(
    world: World,
    changes: tuple[Change, ...],
    start_before: Mapping[tuple[str, str, str], datetime],
    clock: Callable[[], datetime],
) -> list[Result]:
    limit = start_before.get((changes[0].vcenter, changes[0].kind, changes[0].object))
    now, late = in_time(changes, limit, clock)
    results = [held(late, limit)] if late and limit else []
    return [*results, _apply(world, now)] if now else results


def _apply(world: World, changes: tuple[Change, ...]) -> Result:
    first = changes[0]
    try:
        for change in changes:
            if change.action == "create":
                reference = _maker(change.kind)(world, change.object, change.after)
                world.know(change.kind, change.object, reference, change.after)
        fields = {change.field: change.after for change in changes if change.action == "update"}
        if fields:
            _changer(first.kind, fields)(world, first.object, fields)
    except Exception as error:  # whatever it is, it must not take the other objects with it
        return _result(first, "failed", message_of(error), ())
    done = "made" if first.action == "create" else f"changed {', '.join(fields)}"
    return _result(first, "changed", done, changes)


def _maker(kind: str) -> Callable[[World, str, Mapping[str, Any]], str]:
    if kind not in _MAKERS:
        raise NotPossible(f"objects of kind {kind} are not made here")
    return _MAKERS[kind]


def _changer(kind: str, fields: Mapping[str, Any]) -> Callable[[World, str, Mapping[str, Any]], None]:
    if kind not in _CHANGERS:
        raise NotPossible(f"{', '.join(fields)} of an existing {kind} cannot be changed here: do it in vCenter")
    return _CHANGERS[kind]


def _result(change: Change, status: str, message: str, changes: tuple[Change, ...]) -> Result:
    return Result(
        vcenter=change.vcenter,
        kind=change.kind,
        object=change.object,
        label=change.label,
        status=status,
        message=message,
        changes=changes,
    )
