"""Passwords stay in their files: nothing that a run writes, prints or shows to other users holds one."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.estate_lab import EstateLab, descendants, wait_until
from tests.support.small_estate import S13


def passwords(lab: EstateLab) -> list[bytes]:
    """All that the vCenters know, whatever accounts there are."""
    found = [file.read_bytes().strip() for file in sorted(lab.laboratory.paths.secrets.glob("*.password"))]
    accounts = [json.loads(file.read_bytes())["accounts"] for file in lab.laboratory.paths.root.rglob("accounts.json")]
    assert len(accounts) == len(lab.vcenters)
    assert sorted(found) == sorted(account["password"].encode() for each in accounts for account in each)
    return found


def files_with_a_password(lab: EstateLab, folder: Path) -> set[str]:
    wanted = passwords(lab)
    files = [file for file in folder.rglob("*") if file.is_file() and not file.is_symlink()]
    return {file.name for file in files if any(password in file.read_bytes() for password in wanted)}


def test_no_password_is_written_or_printed(empty: EstateLab, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    outputs = [
        empty.playbook("foundation", "-vvv").output,
        empty.playbook("plan", "-vvv", "--diff", "-e", f"output={plan}").output,
        empty.playbook("provision", "-vvv", "--diff").output,
        empty.records("list", "--format", "json").output,
    ]
    empty.edit(S13, "kind: hosted", "kind: [hosted")
    outputs.append(empty.playbook("provision", "-vvv").output)
    assert plan.exists()
    for output in outputs:
        assert output
        assert not [password for password in passwords(empty) if password in output.encode()]
    # Logs, journals, records, caches and plans lie below the same folder.
    assert files_with_a_password(empty, tmp_path) == {
        "accounts.json",  # what the simulator knows its users by
        *(file.name for file in empty.laboratory.paths.secrets.glob("*.password")),
    }


def test_a_wrong_password_is_not_printed_either(empty: EstateLab) -> None:
    for vcenter in empty.vcenters:
        empty.laboratory.password_file(vcenter, "reader").write_text("tr0ub4dor-and-3", encoding="utf-8")
    run = empty.playbook("plan", "-vvv")
    assert run.code != 0
    assert "or its password is refused" in run.output
    assert "tr0ub4dor-and-3" not in run.output


def test_no_password_stands_in_arguments_or_environment_of_a_process(empty: EstateLab) -> None:
    empty.foundation()
    empty.reset_counters()
    empty.control("vc-kyotsu").set_delays(tasks={"CloneVm": 700})
    with empty.playbook_in_background("provision") as process:
        wait_until(lambda: empty.methods("vc-kyotsu").get("CloneVM_Task", 0) >= 1, "the first clone")
        running = [process.pid, *descendants(process.pid)]
        shown = b"".join(Path(f"/proc/{pid}/{what}").read_bytes() for pid in running for what in ("cmdline", "environ"))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert b"ansible-playbook" in shown
    assert len(running) > 1
    assert not [password for password in passwords(empty) if password in shown]


def test_secrets_of_a_lab_are_readable_by_their_owner_only(empty: EstateLab) -> None:
    root = empty.laboratory.paths.root
    secret = [file for file in empty.laboratory.paths.secrets.iterdir() if file.suffix != ".pub"]
    for file in [*secret, *root.rglob("accounts.json"), *root.rglob("*.key")]:
        assert file.stat().st_mode & 0o077 == 0, file
