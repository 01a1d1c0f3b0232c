from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.callback.summary import CallbackModule, Progress
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs import progress as verb_progress


class Screen:
    """What the callback shows, and an event for each line."""

    verbosity = 0

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.shown = threading.Event()

    def display(self, text: str, color: str | None = None) -> None:
        self.lines.append(text)
        self.shown.set()


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def progress(screen: Screen) -> Iterator[Progress]:
    progress = Progress(screen.display)
    yield progress
    progress.close()


def progress_file() -> Path:
    return Path(os.environ[verb_progress.ENVIRONMENT])


def test_a_line_that_a_verb_says_is_shown_while_the_module_runs(progress: Progress, screen: Screen) -> None:
    progress.follow()
    verb_progress.Progress().say("machines: 10 of 150")
    assert screen.shown.wait(timeout=10)
    assert screen.lines == ["  machines: 10 of 150"]


def test_what_was_said_last_is_shown_before_the_task_ends(progress: Progress, screen: Screen) -> None:
    progress.follow()
    for number in range(100):
        verb_progress.Progress().say(f"line {number}")
    progress.rest()
    assert screen.lines == [f"  line {number}" for number in range(100)]


def test_half_a_line_waits_for_its_other_half(progress: Progress, screen: Screen) -> None:
    whole = json.dumps({"text": "作成"}, ensure_ascii=False) + "\n"
    with progress_file().open("a", encoding="utf-8") as file:
        file.write(whole[:7])
    progress.follow()
    progress.rest()
    assert screen.lines == []
    with progress_file().open("a", encoding="utf-8") as file:
        file.write(whole[7:])
    progress.follow()
    progress.rest()
    assert screen.lines == ["  作成"]


def test_a_line_that_is_no_json_is_shown_as_it_is(progress: Progress, screen: Screen) -> None:
    progress_file().write_text("Segmentation fault\n", encoding="utf-8")
    progress.follow()
    progress.rest()
    assert screen.lines == ["  Segmentation fault"]


def test_no_thread_is_left_when_the_next_worker_is_forked(progress: Progress) -> None:
    progress.follow()
    progress.follow()
    progress.rest()
    assert "kyotsu-progress" not in {thread.name for thread in threading.enumerate()}


def test_the_file_is_gone_at_the_end(screen: Screen) -> None:
    progress = Progress(screen.display)
    path = progress_file()
    progress.close()
    assert not path.exists()
    assert verb_progress.ENVIRONMENT not in os.environ


def outcome(**more: Any) -> dict[str, Any]:
    return {
        "results": [],
        "digest": "abc",
        "summary": {"changed": 0, "unchanged": 3, "failed": 0, "held": 0, "refused": 0, "unmanaged": 0},
        "calls": {"vc-kyotsu": 4},
        "seconds": 0.5,
        **more,
    }


@pytest.fixture
def callback(screen: Screen) -> CallbackModule:
    callback = CallbackModule()
    callback._display = screen
    callback._plugin_options = {"language": "en", "rows": 40}
    return callback


def result(action: str, values: dict[str, Any], *, check_mode: bool = False) -> SimpleNamespace:
    return SimpleNamespace(task=SimpleNamespace(action=action, check_mode=check_mode), result=values)


def test_the_table_of_a_batch_module_stands_at_the_end(callback: CallbackModule, screen: Screen) -> None:
    callback.v2_runner_on_ok(result("kyotsu.platform.machines", outcome()))
    assert screen.lines == []
    callback.v2_playbook_on_stats(None)
    assert screen.lines[-1].startswith("| changed 0, unchanged 3")


@pytest.mark.parametrize(
    ("action", "check_mode"), [("kyotsu.platform.plan", False), ("kyotsu.platform.machines", True)]
)
def test_a_plan_and_check_mode_say_would_change(
    callback: CallbackModule, screen: Screen, action: str, check_mode: bool
) -> None:
    callback.v2_runner_on_ok(result(action, outcome(), check_mode=check_mode))
    callback.v2_playbook_on_stats(None)
    assert screen.lines[-1].startswith("| would change 0")


def test_other_peoples_tasks_leave_no_trace(callback: CallbackModule, screen: Screen) -> None:
    callback.v2_runner_on_ok(result("ansible.builtin.assert", {"changed": False}))
    callback.v2_runner_on_ok(result("kyotsu.platform.validate", {"findings": []}))
    callback.v2_playbook_on_stats(None)
    assert screen.lines == []
