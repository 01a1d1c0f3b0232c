"""scripts/patch_vulnerabilities.py as a person runs it, over the repository's own estate."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.patch.outcome import write_run
from scripts import patch_vulnerabilities
from tests.support.patch_sample import make_outcome, make_run


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """One machine of s02 with an old openssl, a tracker and an index with the new one."""
    fixed = {"releases": {"bookworm": {"status": "resolved", "fixed_version": "3.0.22-1"}}}
    (tmp_path / "tracker.json").write_text(json.dumps({"openssl": {"CVE-2026-0001": fixed}}), encoding="utf-8")
    (tmp_path / "Packages").write_text("Package: openssl\nVersion: 3.0.22-1\n", encoding="utf-8")
    run = make_run(make_outcome("s02-db-1", name="s02-db01", after=None))
    (tmp_path / "run.json").write_text(write_run(run), encoding="utf-8")
    return [
        *("--tracker", str(tmp_path / "tracker.json"), "--packages", str(tmp_path / "Packages")),
        *("--runs", str(tmp_path / "run.json")),
    ]


def test_the_table_counts_by_system_and_names_the_machines(
    files: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert patch_vulnerabilities.main([*files, "--system", "s02", "--lang", "en", "--all"]) == patch_vulnerabilities.OK
    printed = capsys.readouterr().out
    assert "CVE-2026-0001" in printed
    assert "s02-db01" in printed


def test_the_page_and_json_are_chosen_by_the_name_of_the_file(files: list[str], tmp_path: Path) -> None:
    for name in ("out.html", "out.json"):
        assert patch_vulnerabilities.main([*files, "--output", str(tmp_path / name)]) == patch_vulnerabilities.OK
    assert "適用内容で解消する脆弱性（見込み）" in (tmp_path / "out.html").read_text(encoding="utf-8")
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["tables"]["systems"]["rows"]
    numbers = {row["system"]: (row["closed"], row["remaining"]) for row in rows}
    assert numbers["s02"] == (1, 0)
    assert numbers["s13"] == (None, None)  # nobody has seen it


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("tracker.json", "<html>", "not the security tracker's JSON"),
        ("Packages", "<html>", "not a Packages index"),
        ("run.json", "{}", "not the outcome of a patch run"),
    ],
)
def test_a_file_that_is_another_one_is_named_in_one_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, content: str, told: str
) -> None:
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert patch_vulnerabilities.main(files) == patch_vulnerabilities.UNUSABLE
    captured = capsys.readouterr().err
    assert f"{tmp_path / name}: {told}" in captured
    assert captured.count("\n") == 1


def test_an_unknown_system_and_a_file_that_is_not_there_are_one_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert patch_vulnerabilities.main([*files, "--system", "s99"]) == patch_vulnerabilities.MISUSE
    (tmp_path / "Packages").unlink()
    assert patch_vulnerabilities.main(files) == patch_vulnerabilities.UNUSABLE
    assert capsys.readouterr().err.splitlines() == [
        "patch_vulnerabilities: --system s99: no such system",
        f"patch_vulnerabilities: {tmp_path / 'Packages'}: No such file or directory",
    ]
