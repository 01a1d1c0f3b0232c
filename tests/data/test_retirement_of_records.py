"""The systems whose public records matter most: none is described as retired before its owner has confirmed them."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import check
from tests.support.small_estate import ROOT

# Official documents, personnel, pensions, the official gazette.
SYSTEMS = ("s01", "s05", "s06", "s26")
AS_OF = date(2026, 11, 24)
RECORDS = {"confirmed_on": "2026-11-20", "confirmed_by": "所管課", "retention_ended": True, "historical": "moved"}


def files(repository: Path) -> dict[str, Path]:
    return {system: next((repository / "systems").glob(f"{system}-*.yml")) for system in SYSTEMS}


def told(repository: Path, records: dict[str, Any] | None) -> set[str]:
    """Systems of which the rule says that nobody has confirmed their records, once they are described as retired."""
    for path in files(repository).values():
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["status"] = "retired"
        content["retirement"] = {
            "date": "2026-11-20",
            "reason": {"ja": "次期システムへ移行", "en": "Replaced"},
            "requested_by": "所管課",
            "approved_by": "情報政策室長",
            "last_copy_years": 10,
            **({"records": records} if records else {}),
        }
        path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return {
        each.object
        for each in check(repository, AS_OF)
        if each.rule == "Y-04" and each.severity == "error" and "has not confirmed" in each.message.en
    }


@pytest.mark.parametrize(
    ("records", "refused"),
    [
        (None, set(SYSTEMS)),
        ({**RECORDS, "retention_ended": False}, set(SYSTEMS)),
        ({**RECORDS, "historical": "pending"}, set(SYSTEMS)),
        (RECORDS, set()),
    ],
    ids=["nobody confirmed", "retention runs", "historical ones not moved", "confirmed"],
)
def test_the_great_keepers_of_records_are_not_retired_before_their_owner_has_confirmed(
    tmp_path: Path, records: dict[str, Any] | None, refused: set[str]
) -> None:
    for folder in ("systems", "platform"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    assert told(tmp_path, records) == refused
