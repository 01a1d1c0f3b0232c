"""A machine on which guests cannot run is told what is missing, and the lab runs without them."""

from __future__ import annotations

from pathlib import Path

import pytest

from lab.errors import LabError
from lab.guests import requirements
from lab.guests.plan import GuestPlan
from lab.guests.process import Guests
from lab.paths import lab_paths


def test_missing_commands_are_named_with_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "COMMANDS", {"no-such-command": "some-package"})
    (line,) = [line for line in requirements.missing() if "no-such-command" in line]
    assert "some-package" in line
    assert "scripts/bootstrap guests" in line


def test_guests_are_refused_before_anything_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "COMMANDS", {"no-such-command": "some-package"})
    with pytest.raises(LabError, match="GUESTS=none starts without"):
        Guests(lab_paths("x", tmp_path)).prepare(GuestPlan((), (), None), {})
    assert list(tmp_path.iterdir()) == []


def test_stop_of_a_lab_that_never_had_guests_does_nothing(tmp_path: Path) -> None:
    assert not Guests(lab_paths("x", tmp_path)).stop()
    assert list(tmp_path.iterdir()) == []
