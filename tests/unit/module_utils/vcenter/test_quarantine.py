"""Who is held off from a machine in quarantine, and what they had on it before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.before import Locked
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.quarantine import lockable
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session


def permission(principal: str, role: int, *, group: bool = False, propagate: bool = True) -> Any:
    return SimpleNamespace(principal=principal, group=group, roleId=role, propagate=propagate)


def locked(inherited: list[Any], direct: list[Any]) -> tuple[Locked, ...]:
    def permissions(*, entity: Any, inherited: bool) -> list[Any]:
        del entity
        return [*direct, *above] if inherited else direct

    above = inherited
    content = SimpleNamespace(
        authorizationManager=SimpleNamespace(RetrieveEntityPermissions=permissions),
        sessionManager=SimpleNamespace(currentSession=SimpleNamespace(userName="LAB\\kyotsu")),
    )
    return lockable(cast("Session", SimpleNamespace(stub=None, content=content)), "vm-1")


def test_who_has_rights_from_above_only_has_none_of_its_own_to_come_back() -> None:
    found = locked([permission("kyotsu@lab", -1), permission("operator", -1)], [])
    assert found == (Locked(principal="operator", group=False),)


def test_a_permission_on_the_machine_itself_is_remembered_with_role_and_propagation() -> None:
    above = [permission("kyotsu@lab", -1), permission("operator", -2), permission("owners", 12, group=True)]
    found = locked(above, [permission("operator", 77, propagate=False), permission("owners", 78, group=True)])
    assert found == (
        Locked(principal="operator", group=False, role=77, propagate=False),
        Locked(principal="owners", group=True, role=78, propagate=True),
    )
