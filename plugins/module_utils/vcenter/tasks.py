"""Wait for many tasks at once: one filter over a list of tasks, one long poll, whatever the number of tasks.

pyVim.task.WaitForTask is not used: it asks for one task at a time and fails on states that it does not expect. Answers
are read as plain values, for a fault of a type that pyVmomi does not know would otherwise end the wait for all tasks.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import VCenterError, message_of
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.plain import many
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.task_result import TaskResult, result_of

POLL_SECONDS = 10  # how long vCenter may hold an answer back
PATIENCE_SECONDS = 60.0  # as long as a vCenter that restarts its service or its network may be away
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 5.0
_PATHS = ("info.state", "info.result", "info.error")


@dataclass(slots=True)
class _Waiting:
    future: Future[TaskResult]
    deadline: float
    values: dict[str, Any] = field(default_factory=dict)


class TaskWaiter:
    """Waits for tasks on behalf of many threads. Use it as a context manager.

    A session that is lost in the middle is renewed by the next call; tasks outlive sessions, so that the wait goes on
    with a new collector and a new list. A vCenter that is away is asked again for `patience_seconds`, in growing
    pauses; after that every task still open ends with the error.
    """

    def __init__(self, session: Session, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._session = session
        self._patience_seconds = patience_seconds
        self._open: dict[str, _Waiting] = {}
        self._done: list[Any] = []  # still on vCenter's list; taken off together with the next addition
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._collector: Any = None
        self._list: Any = None
        self._version = ""
        self._failures = 0
        self._failing_since = 0.0
        self._thread = threading.Thread(target=self._run, name="wait for tasks", daemon=True)

    def __enter__(self) -> TaskWaiter:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._wake.set()
        with self._lock:
            waiting = bool(self._open)
        if waiting:
            self._abandon(VCenterError("the wait for the task was given up"))
        self._thread.join(POLL_SECONDS + 5)

    def submit(self, task: Any, seconds: float) -> Future[TaskResult]:
        """A future of the task's result. A task that is not done after `seconds` counts as failed; it may still end."""
        future: Future[TaskResult] = Future()
        reference = task._moId
        with self._lock:
            self._open[reference] = _Waiting(future, time.monotonic() + seconds)
            view = self._list
        if view is not None:
            self._add(view, [task])
        self._wake.set()
        return future

    def wait(self, task: Any, seconds: float) -> TaskResult:
        """Block until the task is done."""
        return self.submit(task, seconds).result()

    def _add(self, view: Any, tasks: Sequence[Any]) -> None:
        try:
            with self._lock:
                done, self._done = self._done, []
            view.ModifyListView(add=list(tasks), remove=done)
        except VCenterError:
            # The list is gone with its session, or is being torn down: the new list will hold the task.
            with self._lock:
                if self._list is view:
                    self._list = None

    def _run(self) -> None:
        while not self._stop.is_set():
            with self._lock:
                idle = not self._open
                if idle:
                    self._wake.clear()
            if idle:
                self._wake.wait(1)
                continue
            try:
                self._poll()
                self._failures = 0
            except VCenterError as error:
                self._recover(error)
            except Exception as error:  # a mistake of ours must not leave others waiting for ever
                self._recover(VCenterError(message_of(error)))
        self._tear_down()

    def _recover(self, error: VCenterError) -> None:
        """Forget what is gone with the connection or the session, and pause before the next attempt, or give up."""
        self._list = None
        now = time.monotonic()
        if self._failures == 0:
            self._failing_since = now
        elif now - self._failing_since >= self._patience_seconds:
            self._failures = 0
            self._abandon(error)
            return
        pause = min(_FIRST_PAUSE_SECONDS * 2**self._failures, _LONGEST_PAUSE_SECONDS)
        self._failures += 1
        self._expire()  # what is due is due, whether vCenter answers or not
        self._stop.wait(pause)

    def _abandon(self, error: VCenterError) -> None:
        with self._lock:
            left, self._open = self._open, {}
        for waiting in left.values():
            waiting.future.set_result(TaskResult(succeeded=False, kind="WaitLost", error=str(error)))

    def _poll(self) -> None:
        if self._list is None:
            self._set_up()
        answer = self._session.stub.call(
            self._collector,
            "WaitForUpdatesEx",
            version=self._version,
            options=vim.PropertyCollector.WaitOptions(maxWaitSeconds=self._seconds_to_wait()),
        )
        if answer:
            self._version = str(answer["version"])
            for update in many(answer.get("filterSet")):
                for changed in many(update.get("objectSet")):
                    self._note(changed)
        self._expire()

    def _seconds_to_wait(self) -> int:
        """At most until the next deadline; a task that comes later ends the wait by itself."""
        with self._lock:
            next_deadline = min((waiting.deadline for waiting in self._open.values()), default=math.inf)
        return max(1, math.ceil(min(POLL_SECONDS, next_deadline - time.monotonic())))

    def _set_up(self) -> None:
        content = self._session.content
        with self._lock:
            tasks = [vim.Task(reference, self._session.stub) for reference in self._open]
        self._collector = content.propertyCollector.CreatePropertyCollector()
        view = content.viewManager.CreateListView(obj=tasks)
        collector = vim.PropertyCollector
        traversal = collector.TraversalSpec(name="tasks", path="view", skip=False, type=vim.view.ListView)
        spec = collector.FilterSpec(
            objectSet=[collector.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
            propSet=[collector.PropertySpec(type=vim.Task, pathSet=list(_PATHS))],
            reportMissingObjectsInResults=True,
        )
        self._collector.CreateFilter(spec=spec, partialUpdates=False)
        self._version = ""
        with self._lock:
            self._list = view
            self._done = []
            late = [r for r in self._open if r not in {task._moId for task in tasks}]
        if late:
            self._add(view, [vim.Task(reference, self._session.stub) for reference in late])

    def _note(self, changed: Mapping[str, Any]) -> None:
        values = {str(change["name"]): change.get("val") for change in many(changed.get("changeSet"))}
        reference = str(changed["obj"])
        with self._lock:
            waiting = self._open.get(reference)
            if waiting is None:
                return
            waiting.values.update(values)
            state = waiting.values.get("info.state")
            if state not in ("success", "error"):
                return
            del self._open[reference]
            self._done.append(vim.Task(reference, self._session.stub))
        waiting.future.set_result(result_of(str(state), waiting.values))

    def _expire(self) -> None:
        now = time.monotonic()
        with self._lock:
            late = {reference: waiting for reference, waiting in self._open.items() if waiting.deadline < now}
            for reference in late:
                del self._open[reference]
        for reference, waiting in late.items():
            waiting.future.set_result(
                TaskResult(
                    succeeded=False,
                    kind="Deadline",
                    error=f"task {reference} is not done in time: look at it in vCenter, it may still end",
                )
            )

    def _tear_down(self) -> None:
        if self._collector is not None:
            try:
                self._collector.DestroyPropertyCollector()
                if self._list is not None:
                    self._list.DestroyView()
            except VCenterError:
                return  # gone with its session
