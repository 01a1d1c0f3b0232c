"""Progress lines in a real file."""

from __future__ import annotations

import json
from pathlib import Path
from threading import Thread

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.progress import (
    ENVIRONMENT,
    Counter,
    Progress,
)


def lines(path: Path) -> list[str]:
    return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]


def test_each_text_is_one_line_of_json_whatever_it_holds(tmp_path: Path) -> None:
    progress = Progress(tmp_path / "progress")
    progress.say("保留\nzwei")
    progress.say('"x"')
    assert lines(tmp_path / "progress") == ["保留\nzwei", '"x"']


def test_the_file_is_the_one_that_the_environment_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, str(tmp_path / "named"))
    Progress().say("seen")
    assert lines(tmp_path / "named") == ["seen"]


def test_without_a_file_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ENVIRONMENT, raising=False)
    monkeypatch.chdir(tmp_path)
    Progress().say("unseen")
    assert list(tmp_path.iterdir()) == []


def test_two_that_write_at_once_do_not_mix_their_lines(tmp_path: Path) -> None:
    texts = [str(number) * 500 for number in range(4)]

    def write(text: str) -> None:
        for _ in range(50):
            Progress(tmp_path / "progress").say(text)

    threads = [Thread(target=write, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(lines(tmp_path / "progress")) == sorted(texts * 50)


@pytest.mark.parametrize(("total", "said"), [(1, 1), (3, 3), (10, 10), (150, 10)])
def test_a_long_batch_says_about_ten_lines_and_the_last_one_is_complete(tmp_path: Path, total: int, said: int) -> None:
    counter = Counter(Progress(tmp_path / "progress"), "vc-kyotsu", total)
    for _ in range(total):
        counter.count()
    assert len(lines(tmp_path / "progress")) == said
    assert lines(tmp_path / "progress")[-1] == f"vc-kyotsu: {total} of {total}"


def test_failures_are_counted(tmp_path: Path) -> None:
    counter = Counter(Progress(tmp_path / "progress"), "vc", 2)
    counter.count(failed=True)
    counter.count()
    assert lines(tmp_path / "progress") == ["vc: 1 of 2, 1 failed", "vc: 2 of 2, 1 failed"]
