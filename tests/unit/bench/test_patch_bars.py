"""The bar of patching takes its seconds from what the test of the wave has recorded, and fails where that fails."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest

from tests.bench import patch_bars
from tests.bench.measure import BenchFailed

WAVE = """\
def test_1(record_property):
    for name, value in (("seconds", 231.5), ("cpu_seconds", 212.0), ("told", "40 guests")):
        record_property(name, value)


def test_2(record_property):
    record_property("told", "8 guests")
    assert {holds}
"""


def sample(folder: Path, monkeypatch: pytest.MonkeyPatch, *, holds: bool) -> Any:
    file = folder / "test_wave.py"
    file.write_text(WAVE.format(holds=holds), encoding="utf-8")
    monkeypatch.setattr(patch_bars, "_TEST", str(file))
    return patch_bars.forty(cast(Any, None))


def test_the_seconds_are_those_of_the_run_and_each_run_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = sample(tmp_path, monkeypatch, holds=True)
    assert (found.seconds, found.cpu_seconds, found.code) == (231.5, 212.0, 0)
    said = capsys.readouterr()
    assert [text for text in ("40 guests", "8 guests") if text in said.out + said.err] == ["40 guests", "8 guests"]


def test_a_wave_that_does_not_hold_in_the_guests_is_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BenchFailed, match="assert False"):
        sample(tmp_path, monkeypatch, holds=False)
