"""What all who apply changes share: options, the objects known so far, tasks, and retries."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.state import Item, ObservedVCenter
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import Fault, VCenterError
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import require
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter

T = TypeVar("T")
ATTEMPTS = 6
_FIRST_PAUSE_SECONDS = 0.25


class NotPossible(VCenterError):
    """A change that is not made: something that it needs is missing, or it takes a person."""


@dataclass(frozen=True)
class HostCredentials:
    """How vCenter reaches new hosts and logs in to them.

    `thumbprints`: SHA-1 of each host's certificate by host name; `domain` is what DNS has behind that name, or "".
    """

    username: str
    password: str = field(repr=False)
    thumbprints: Mapping[str, str] = field(default_factory=dict)
    domain: str = ""


@dataclass(frozen=True)
class ApplyOptions:
    """How to apply items. In the lab a folder `nfs_root`/NAME stands for the export of the datastore NAME."""

    host_credentials: HostCredentials | None = None
    nfs_root: str | None = None
    create_templates: bool = False
    task_seconds: float = 900.0
    parallel: int = 12
    administrator_keys: tuple[str, ...] = ()  # public keys that may log in to new machines
    hard_power_off: bool = False  # lab only: its machines without guests have nobody who could shut them down


class World:
    """The vCenter while it is being changed: ids and properties of what exists, kept up to date between threads."""

    def __init__(
        self,
        session: Session,
        observed: ObservedVCenter,
        waiter: TaskWaiter,
        options: ApplyOptions,
        read_again: Callable[[], ObservedVCenter] | None = None,
    ) -> None:
        """With `read_again`, what is not in `observed` is looked for once more before it counts as missing."""
        self.session = session
        self.observed = observed
        self.waiter = waiter
        self.options = options
        self._read_again = read_again
        self._references: dict[str, str] = {}
        self._properties: dict[tuple[str, str], dict[str, Any]] = {}
        self._learn(observed)
        self._lock = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}

    def _learn(self, observed: ObservedVCenter) -> None:
        self._references.update(observed.references)
        self._properties.update({(item.kind, item.name): dict(item.properties) for item in observed.items})

    def know(self, kind: str, name: str, reference: str, properties: Mapping[str, Any] | None = None) -> None:
        """Remember something that was just made."""
        with self._lock:
            self._references[f"{kind}:{name}"] = reference
            if properties is not None:
                self._properties[kind, name] = dict(properties)

    def reference(self, kind: str, name: str) -> str:
        """Id of something that a change needs. Raises NotPossible when it does not exist."""
        with self._lock:
            if f"{kind}:{name}" not in self._references and self._read_again is not None:
                read, self._read_again = self._read_again, None
                self._learn(read())
            found = self._references.get(f"{kind}:{name}")
        if found is None:
            raise NotPossible(f"skipped: it needs {kind} {name}, which does not exist or was not made")
        return found

    def managed(self, vim_type: Any, kind: str, name: str) -> Any:
        """The managed object of something that a change needs."""
        return vim_type(self.reference(kind, name), self.session.stub)

    def items(self, kind: str) -> dict[str, dict[str, Any]]:
        """Properties by name of all that exists of a kind."""
        with self._lock:
            return {name: values for (found, name), values in self._properties.items() if found == kind}

    def item(self, kind: str, name: str) -> Item:
        """One that exists."""
        return Item(kind=kind, name=name, properties=self.items(kind).get(name, {}))

    def lock_for(self, name: str) -> threading.Lock:
        """A lock for an object that takes one change at a time."""
        with self._lock:
            return self._locks.setdefault(name, threading.Lock())

    def run(self, what: str, start: Callable[[], Any], *, repeatable: bool = True) -> str | None:
        """Start a task, wait for it, try again what is transient. Gives the id of what it made. Raises Fault.

        A task that adds something is not `repeatable`: where nobody knows whether it did, the next run looks first.
        """

        def once() -> str | None:
            return require(self.waiter.wait(start(), self.options.task_seconds), what)

        return retrying(once, repeatable=repeatable)


def retrying(
    work: Callable[[], T],
    *,
    attempts: int = ATTEMPTS,
    sleep: Callable[[float], None] = time.sleep,
    repeatable: bool = True,
) -> T:
    """Do work; after a transient fault do it again, with growing pauses (about 8 s in all), then let the fault out.

    Work that is not `repeatable` is done again only after faults that say that nothing was done.
    """
    for attempt in range(attempts - 1):
        try:
            return work()
        except Fault as fault:
            if not fault.transient or (fault.unsure and not repeatable):
                raise
            # Spread out, so that those who were refused together do not come back together.
            sleep(_FIRST_PAUSE_SECONDS * 2**attempt * random.uniform(0.75, 1.25))  # noqa: S311
    return work()
