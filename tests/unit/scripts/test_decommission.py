"""scripts/decommission.py: what it shows, and which papers it takes for genuine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.handover.record import note
from ansible_collections.kyotsu.platform.plugins.module_utils.records.retirements import Retirements
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.case import RetirementEvent
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.documents import (
    COMPLETION,
    ERASURE,
    SEALED,
    content_hash,
    document_text,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.steps import TABLE, Step
from scripts.decommission import main

KEY = "s06-db-1"
CONTENT = {"unit": "s06", "machines": [{"key": KEY}]}
CERTIFICATE = {"unit": "s06", "machines": ["s06-db01"], "media": []}
SET = {"unit": None, "machines": ["x"], "copies": []}
WAY: tuple[Step, ...] = ("announce", "quarantine", "back-up", "verify", "delete", "release", "complete", "certify")
ORIGIN = Origin(actor="hanako", host="controller-1", run_id="run-1", commit="0" * 40)


@pytest.fixture
def database(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'records.sqlite3'}"
    hashes = {"complete": content_hash(CONTENT), "certify": content_hash(CERTIFICATE)}
    with open_store(url, production=False) as store:
        for day, step in enumerate(WAY):
            evidence = dict.fromkeys(TABLE[step].evidence, "x")
            event = RetirementEvent(
                machine=KEY,
                step=step,
                happened_at=datetime(2026, 12, 1, tzinfo=UTC) + timedelta(days=day),
                by="hanako",
                evidence={**evidence, "record_hash": hashes.get(step, "x")},
            )
            Retirements(store.database, store.chain).record([event], ORIGIN)
        note(store, "lgwan", content_hash(SET), ORIGIN)
    return url


def test_a_machine_and_its_steps_are_shown(database: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", database, "list"]) == 0
    assert "s06-db-1  certificate of erasure / 消去証明" in capsys.readouterr().out
    assert main(["--database", database, "history", KEY]) == 0
    assert capsys.readouterr().out.count(" by hanako ") == len(WAY)


@pytest.mark.parametrize(("kind", "content"), [(COMPLETION, CONTENT), (ERASURE, CERTIFICATE), (SEALED, SET)])
def test_a_paper_that_the_records_know_is_genuine(
    database: str, tmp_path: Path, kind: str, content: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "paper.json"
    file.write_text(document_text(kind, content), encoding="utf-8")
    assert main(["--database", database, "verify", str(file)]) == 0
    assert "is the one that the records know" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        (COMPLETION, {**CONTENT, "unit": "s07"}),
        (COMPLETION, {"unit": "s06", "machines": []}),
        (COMPLETION, {"unit": "s06", "machines": [{"key": "s06-db-2"}]}),
        (ERASURE, {**CERTIFICATE, "witness": "nobody"}),
        (SEALED, {**SET, "copies": ["more"]}),
    ],
)
def test_a_paper_with_a_right_hash_of_its_own_is_not_genuine(
    database: str, tmp_path: Path, kind: str, content: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever makes one can compute a hash: what counts is that the records have it."""
    file = tmp_path / "paper.json"
    file.write_text(document_text(kind, content), encoding="utf-8")
    assert main(["--database", database, "verify", str(file)]) == 1
    assert "is not the one that the records know" in capsys.readouterr().out


def test_a_paper_that_was_changed_is_told(database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "paper.json"
    file.write_text(document_text(COMPLETION, CONTENT).replace(KEY, "s06-db-2"), encoding="utf-8")
    assert main(["--database", database, "verify", str(file)]) == 1
    assert "it was changed" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["history", "nobody"], ["verify", "/nowhere.json"]])
def test_wrong_use_is_one_line(database: str, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--database", database, *arguments]) == 2
    assert capsys.readouterr().err.count("\n") == 1
