"""The lab answers when a list is changed while somebody waits for updates of what is on it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.api import vim
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Session
from tests.support.vcenter_lab import session_of, vcenter_lab

SECONDS = 4
ANSWER_SECONDS = 20


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    folder: Path = tmp_path_factory.mktemp("labs")
    with vcenter_lab(folder, "lists") as lab, session_of(lab) as opened:
        yield opened


def test_a_list_is_changed_while_its_updates_are_waited_for(session: Session) -> None:
    content = session.content
    view = content.viewManager.CreateListView(obj=[])
    collector = content.propertyCollector.CreatePropertyCollector()
    kinds = vim.PropertyCollector
    traversal = kinds.TraversalSpec(name="list", path="view", skip=False, type=vim.view.ListView)
    collector.CreateFilter(
        spec=kinds.FilterSpec(
            objectSet=[kinds.ObjectSpec(obj=view, skip=True, selectSet=[traversal])],
            propSet=[kinds.PropertySpec(type=vim.Folder, pathSet=["name"])],
        ),
        partialUpdates=False,
    )
    folder = content.rootFolder
    deadline = time.monotonic() + SECONDS
    changes = [0, 0]

    def change(number: int) -> None:
        while time.monotonic() < deadline:
            view.ModifyListView(add=[folder], remove=[])
            view.ModifyListView(add=[], remove=[folder])
            changes[number] += 2

    def wait() -> None:
        version = ""
        options = kinds.WaitOptions(maxWaitSeconds=1)
        while time.monotonic() < deadline:
            answer = session.stub.call(collector, "WaitForUpdatesEx", version=version, options=options)
            version = str(answer["version"]) if answer else version

    threads = [threading.Thread(target=change, args=(number,), daemon=True) for number in (0, 1)]
    threads.append(threading.Thread(target=wait, daemon=True))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS + ANSWER_SECONDS)

    assert [thread.is_alive() for thread in threads] == [False, False, False], "calls are not answered any more"
    assert min(changes) > 10
