"""Tasks that a run left behind when it died: vCenter goes on with them although their client is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.bulk import retrieve
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import dig, many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

WAIT_SECONDS = 3600.0
_STATE, _REASON = "info.state", "info.reason"


def wait_for_unfinished(session: Session, say: Callable[[str], None], *, seconds: float = WAIT_SECONDS) -> None:
    """Wait until no task that this session's user started is queued or running; whether they succeed is not asked.

    Who reads before they end sees a machine without the network card that is about to come, and adds a second one.
    Tasks of others are not waited for. Raises VCenterError when one is not done after so many seconds.
    """
    left = unfinished_tasks(session)
    if not left:
        return
    say(f"{session.endpoint.id}: waits for {len(left)} tasks that an earlier run left behind")
    with TaskWaiter(session) as waiter:
        futures = {task: waiter.submit(vim.Task(task, session.stub), seconds) for task in left}
        late = [task for task, future in futures.items() if future.result().kind == "Deadline"]
    if late:
        raise VCenterError(
            f"{session.endpoint.where}: {', '.join(late)}, left behind by an earlier run, still runs after "
            f"{seconds:.0f} s: end it in vCenter or wait for it, then run the command again"
        )


def unfinished_tasks(session: Session) -> list[str]:
    """Ids of the tasks of this session's user that are queued or running. Two calls, one when there are none."""
    manager = session.content.taskManager
    recent: list[Any] = []
    for found in retrieve(session, {vim.TaskManager: ("recentTask",)}, objects=[manager]):
        recent += [vim.Task(task, session.stub) for task in many(found.properties.get("recentTask"))]
    if not recent:
        return []
    return [
        task.reference
        for task in retrieve(session, {vim.Task: (_STATE, _REASON)}, objects=recent)
        if task.properties.get(_STATE) in ("queued", "running")
        and same_user(str(dig(task.properties.get(_REASON), "userName") or ""), session.endpoint.username)
    ]


def same_user(one: str, other: str) -> bool:
    """Whether two names mean one account: vCenter writes DOMAIN\\user where one logs in as user@domain."""
    return bool(one) and _account(one) == _account(other)


def _account(name: str) -> str:
    return name.rpartition("\\")[2].partition("@")[0].lower()
