"""Take a machine out of use so that it can be brought back as it was: off, disconnected, locked, marked, aside."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.before import Before, Locked
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.apply_common import World, retrying
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.device_specs import changed_nic
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.machine_steps import reconfigure, set_attributes
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.power import switch_off, switch_on
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session

# vSphere's built-in role ReadOnly: whoever has it on a machine sees it and cannot switch it on.
READ_ONLY = -2


def lockable(session: Session, reference: str) -> tuple[Locked, ...]:
    """Who has permissions on a machine from above and would be held off by one on the machine itself.

    Never the account that we work with. If that account has its rights through a group only, no group is locked, for we
    would lock ourselves out; the mark and the missing network then have to do.
    """
    manager = session.content.authorizationManager
    machine = vim.VirtualMachine(reference, session.stub)
    found = manager.RetrieveEntityPermissions(entity=machine, inherited=True)
    direct = _direct(manager, machine)
    own = _normal(session.content.sessionManager.currentSession.userName)
    everybody = {(str(each.principal), bool(each.group)) for each in found or ()}
    by_name = any(not group and _normal(name) == own for name, group in everybody)
    return tuple(
        Locked(
            principal=name,
            group=group,
            role=int(direct[name, group].roleId) if (name, group) in direct else None,
            propagate=(name, group) in direct and bool(direct[name, group].propagate),
        )
        for name, group in sorted(everybody | direct.keys())
        if (by_name if group else _normal(name) != own)
    )


def _direct(manager: Any, machine: Any) -> dict[tuple[str, bool], Any]:
    """Permissions that are set on the machine itself, by principal and whether it is a group."""
    found = manager.RetrieveEntityPermissions(entity=machine, inherited=False)
    return {(str(each.principal), bool(each.group)): each for each in found or ()}


def _normal(name: str) -> str:
    """DOMAIN\\user and user@domain are one."""
    domain, separator, user = name.partition("\\")
    return (f"{user}@{domain}" if separator else name).lower()


def quarantine(
    world: World, reference: str, before: Before, *, mark: tuple[str, str], folder: str | None, shutdown_seconds: float
) -> None:
    """Bring a machine into quarantine, from wherever an earlier run left it.

    `mark`: custom attribute and its value; `folder`: where it is moved, None: it stays.
    Raises NotPossible (a guest that does not shut down, an attribute that does not exist) and Fault.
    """
    machine = vim.VirtualMachine(reference, world.session.stub)
    switch_off(world, machine, shutdown_seconds)
    _connect(world, machine, ())
    if before.lock:
        _lock(world, machine, before.lock)
    set_attributes(world, machine, {mark[0]: mark[1]})
    if folder is not None and folder != before.folder:
        _move(world, machine, folder)


def lift(world: World, reference: str, before: Before, *, attribute: str) -> None:
    """Bring a machine back as it was before its quarantine; it is switched on last."""
    machine = vim.VirtualMachine(reference, world.session.stub)
    _unlock(world, machine, before.lock)
    _connect(world, machine, before.connected)
    _move(world, machine, before.folder)
    set_attributes(world, machine, {attribute: ""})
    if before.power == "on":
        switch_on(world, machine)


def _connect(world: World, machine: Any, wanted: Collection[int]) -> None:
    """Connect exactly these interfaces when the machine starts."""
    changes = [
        changed_nic(device, backing=None, mac=None, connected=device.key in wanted, powered_on=False)
        for device in machine.config.hardware.device
        if isinstance(device, vim.vm.device.VirtualEthernetCard) and _connects(device) != (device.key in wanted)
    ]
    if changes:
        reconfigure(world, machine, vim.vm.ConfigSpec(deviceChange=changes))


def _connects(device: Any) -> bool:
    return bool(device.connectable is not None and device.connectable.startConnected)


def _lock(world: World, machine: Any, principals: Iterable[Locked]) -> None:
    manager = world.session.content.authorizationManager
    permissions = [_permission(machine, each, READ_ONLY, False) for each in principals]
    retrying(lambda: manager.SetEntityPermissions(entity=machine, permission=permissions))


def _unlock(world: World, machine: Any, principals: Sequence[Locked]) -> None:
    """Take the lock away; who had a permission on the machine itself has it again. What others set since stays."""
    manager = world.session.content.authorizationManager
    there = _direct(manager, machine)
    own = []
    for each in principals:
        now = there.get((each.principal, each.group))
        if each.role is not None and (now is None or now.roleId == READ_ONLY):
            own.append(_permission(machine, each, each.role, each.propagate))
        elif now is not None and now.roleId == READ_ONLY:
            manager.RemoveEntityPermission(entity=machine, user=each.principal, isGroup=each.group)
    if own:
        retrying(lambda: manager.SetEntityPermissions(entity=machine, permission=own))


def _permission(machine: Any, whose: Locked, role: int, propagate: bool) -> Any:
    return vim.AuthorizationManager.Permission(
        entity=machine, principal=whose.principal, group=whose.group, roleId=role, propagate=propagate
    )


def _move(world: World, machine: Any, path: str) -> None:
    target = world.managed(vim.Folder, "folder", path)
    if machine.parent is None or machine.parent._moId != target._moId:
        world.run("folder", lambda: target.MoveIntoFolder_Task(list=[machine]))
