"""What comes with a playbook: its opening lines, a runbook, a row in both READMEs and a scenario in a lab."""

from __future__ import annotations

import pytest

from tests.support.small_estate import ROOT

NAMES = sorted(file.stem for file in (ROOT / "playbooks").glob("*.yml"))
# No scenario, since its precondition is a whole circle of tapes and guests; run by what stands here instead.
ELSEWHERE = {"drill": "tests/integration/test_drill.py"}


def test_there_are_playbooks() -> None:
    assert {"plan", "provision", "restore"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_it_opens_with_what_a_person_asks_first(name: str) -> None:
    lines = (ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8").splitlines()
    assert [line.partition(": ")[0] for line in lines[:4]] == ["# Purpose", "# Precondition", "# Command", "# Danger"]
    assert "ansible-playbook " in lines[2]
    assert f"playbooks/{name}.yml" in lines[2]


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_runbook_and_a_row_in_both_readmes(name: str) -> None:
    assert (ROOT / "docs/runbooks" / f"{name}.md").is_file()
    for readme in ("README.md", "README.ja.md"):
        rows = [line for line in (ROOT / readme).read_text(encoding="utf-8").splitlines() if line.startswith("|")]
        assert any(f"playbooks/{name}.yml" in row or f"runbooks/{name}.md" in row for row in rows), readme


@pytest.mark.parametrize("name", NAMES)
def test_it_is_run_in_a_lab(name: str) -> None:
    if name in ELSEWHERE:
        assert f'playbook("{name}"' in (ROOT / ELSEWHERE[name]).read_text(encoding="utf-8")
    else:
        scenario = ROOT / "tests/molecule" / name
        text = "".join(file.read_text(encoding="utf-8") for file in scenario.glob("*.*") if file.is_file())
        assert (scenario / "molecule.yml").is_file()
        assert f"playbooks/{name}.yml" in text or f'playbook("{name}"' in text
