"""The reference pages say what the schemas say."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.reference import schema_page
from tests.support.small_estate import ROOT, copy_small, edit

SCRIPT = ROOT / "scripts/reference.py"


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), "--repository", str(repository), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_pages_of_the_repository_are_up_to_date() -> None:
    result = run(ROOT, "--check")
    assert result.returncode == 0, result.stdout


def test_check_tells_what_is_missing_stale_or_left_over_and_writes_nothing(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    assert run(repository, "--check").returncode == 1
    assert not (repository / "docs").exists()

    assert run(repository).returncode == 0
    assert run(repository, "--check").returncode == 0

    edit(repository, "systems/_schema/system.schema.json", "Number of desktops.", "How many desktops.")
    shutil.copy(repository / "docs/reference/sites.md", repository / "docs/reference/places.md")
    assert run(repository, "--check").stdout.splitlines() == [
        "docs/reference/places.md is out of date; run scripts/reference.py",
        "docs/reference/systems.md is out of date; run scripts/reference.py",
    ]
    assert re.fullmatch(r"docs/reference: \d+ pages, 2 changed\n", run(repository).stdout)
    assert not (repository / "docs/reference/places.md").exists()


def test_a_platform_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    repository = copy_small(tmp_path)
    (repository / "platform/sites.yml").unlink()
    result = run(repository)
    assert (result.returncode, result.stderr) == (1, "platform/ cannot be read; run scripts/validate.py first\n")


def test_a_page_has_type_limits_need_default_and_both_languages() -> None:
    schema = {
        "title": "Thing",
        "x-title-ja": "もの",
        "required": ["a"],
        "properties": {
            "a": {"type": "integer", "minimum": 1, "maximum": 9, "description": "A | b.", "x-description-ja": "数。"},
            "b": {"enum": ["x", "y"], "default": "x", "x-enum-descriptions": {"x": {"en": "Ex.", "ja": "エックス。"}}},
            "c": {"type": "array", "items": {"$ref": "#/$defs/Part"}},
        },
        "$comment": "Either a or b.",
        "$defs": {"Part": {"type": "string", "description": "A part."}},
    }
    page = schema_page(schema, "things/*.yml")
    assert "# Thing / もの" in page
    assert "| `a` | whole number / 整数 1–9 | required / 必須 | A \\| b. | 数。 |" in page
    assert "| `b` | `x`, `y` | default `x` |" in page
    assert "| `c` | list / リスト: [Part](#part) |" in page
    assert "- Either a or b." in page
    assert "- `x`: Ex. エックス。" in page
    assert "## Part" in page
