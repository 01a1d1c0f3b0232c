"""Target lists of a lab as files."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.silences import holding
from lab.monitoring.target_files import monitoring_folder, silences, write_targets
from lab.paths import lab_paths
from tests.support.small_estate import copy_small, edit


def test_only_files_with_other_machines_are_written_again(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    folder = tmp_path / "targets"
    assert [file.name for file in write_targets(load_estate(repository).estate, folder)] == [
        "lgwan.json",
        "mynumber.json",
    ]
    assert write_targets(load_estate(repository).estate, folder) == []
    edit(repository, "systems/s13-common-codes.yml", "198.18.128.240", "198.18.128.241")
    assert write_targets(load_estate(repository).estate, folder) == [folder / "lgwan.json"]
    addresses = [entry["targets"] for entry in json.loads((folder / "lgwan.json").read_text(encoding="utf-8"))]
    assert ["198.18.128.241:9100"] in addresses


def test_a_lab_has_silences_of_its_own(tmp_path: Path) -> None:
    lab = lab_paths("monitoring", tmp_path)
    now = datetime.now(UTC)
    made = silences(lab).begin("s02-db01", start=now, end=now + timedelta(hours=1), contact="A", reason="CHG-1")
    assert holding(silences(lab), now) == (made,)
    assert silences(lab).path.parent == monitoring_folder(lab)
    assert silences(lab_paths("other", tmp_path)).all() == ()
