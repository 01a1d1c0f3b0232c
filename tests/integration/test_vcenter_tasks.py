"""Waiting for tasks while the way to the vCenter breaks: the tasks go on, and so does the wait, within its patience."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session, connect
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tasks import TaskWaiter
from tests.support.vcenter_lab import VCenterLab, creations, foundation, session_of, vcenter_lab

FOR_EVER = 1_000_000


class Relay:
    """Hands bytes on between a client and a vCenter; can break every connection and refuse the next ones."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._to_refuse = 0
        self.refused = 0
        self._closed = False
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def cut(self, refusals: int) -> None:
        """Break what is open and close the next `refusals` connections at once."""
        with self._lock:
            self._to_refuse = refusals
            self._break()

    def close(self) -> None:
        """End everything."""
        with self._lock:
            self._closed = True
            self._break()
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes the one that accepts
        for thread in self._threads:
            thread.join()
        self._server.close()

    def _break(self) -> None:
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._sockets = []

    def _accept(self) -> None:
        while True:
            client, _ = self._server.accept()
            with self._lock:
                if self._closed or self._to_refuse:
                    client.close()
                    if self._closed:
                        return
                    self._to_refuse -= 1
                    self.refused += 1
                    continue
                target = socket.create_connection(("127.0.0.1", self._target))
                self._sockets += [client, target]
            for source, sink in ((client, target), (target, client)):
                thread = threading.Thread(target=self._hand_on, args=(source, sink))
                thread.start()
                self._threads.append(thread)

    @staticmethod
    def _hand_on(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        for each in (source, sink):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        source.close()  # each thread closes the one that it reads


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[VCenterLab]:
    with vcenter_lab(tmp_path_factory.mktemp("labs"), "vcenter-tasks") as running:
        with session_of(running) as session:
            assert all(result.status == "changed" for result in running.apply(session, creations(foundation())))
        running.control.set_delays(tasks={"CloneVm": 3000})
        yield running


@contextmanager
def through_a_relay(lab: VCenterLab) -> Iterator[tuple[Session, Relay]]:
    relay = Relay(lab.endpoint().port)
    try:
        with connect(lab.endpoint(port=relay.port)) as session:
            yield session, relay
    finally:
        relay.close()


def long_task(lab: VCenterLab, session: Session, name: str) -> Any:
    """A clone, which takes seconds here."""
    references = lab.read(session).references
    template = vim.VirtualMachine(references["template:tpl-debian-12"], session.stub)
    pool = vim.ResourcePool(references["resource_pool:cluster-a/standard"], session.stub)
    folder = vim.Folder(references["folder:internet"], session.stub)
    spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=pool), powerOn=False, template=False)
    return template.CloneVM_Task(folder=folder, name=name, spec=spec)


def test_a_vcenter_that_is_away_for_some_seconds_is_waited_for(lab: VCenterLab) -> None:
    with through_a_relay(lab) as (session, relay), TaskWaiter(session) as waiter:
        task = long_task(lab, session, "blip")
        future = waiter.submit(task, 60)
        relay.cut(4)
        result = future.result(timeout=60)
        assert result.succeeded, result.error
        assert relay.refused == 4
    with session_of(lab) as session:
        assert "blip" in {machine.name for machine in lab.read(session).machines}


def test_a_vcenter_that_stays_away_is_given_up_and_the_reason_told(lab: VCenterLab) -> None:
    with through_a_relay(lab) as (session, relay):
        with TaskWaiter(session, patience_seconds=1) as waiter:
            future = waiter.submit(long_task(lab, session, "gone"), 60)
            relay.cut(FOR_EVER)
            result = future.result(timeout=60)
        assert (result.succeeded, result.kind) == (False, "WaitLost")
        assert f"127.0.0.1:{relay.port}" in result.error
        assert relay.refused >= 2


def test_a_task_that_is_due_while_the_vcenter_is_away_is_not_waited_for_longer(lab: VCenterLab) -> None:
    with through_a_relay(lab) as (session, relay):
        with TaskWaiter(session) as waiter:
            future = waiter.submit(long_task(lab, session, "due"), 1)
            relay.cut(FOR_EVER)
            assert future.result(timeout=30).kind == "Deadline"
        assert relay.refused >= 2
