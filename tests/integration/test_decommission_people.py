"""People and records: what is not signed, not typed, or not proven deletes nothing."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from ansible_collections.kyotsu.platform.plugins.module_utils.records import tables
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import ChainBrokenError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import current_actor
from ansible_collections.kyotsu.platform.plugins.module_utils.retirement.codes import Code
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused
from tests.support.estate_lab import BIN, wait_for_task
from tests.support.retiring import (
    AFTER,
    DATABASE,
    GRACE_OVER,
    IN_GRACE,
    KEYS,
    NAMES,
    VCENTER,
    Retiring,
    lines,
    right,
    seen,
    still_there,
)

# What the guards say that are tried below.
TOLD: Mapping[Code, str] = {
    "approval": "2 signed approvals of others than the executor are needed",
    "no-terminal": "its name must be typed at a terminal, and there is none",
    "name": f"is not {DATABASE}",
}


@pytest.fixture
def due(going: Retiring) -> tuple[Retiring, str]:
    """Everything is right but for people."""
    going.to_grace()
    return going, going.run(GRACE_OVER).digest


def test_no_digest_but_the_approved_one_deletes(due: tuple[Retiring, str]) -> None:
    going, digest = due
    attempts: tuple[tuple[Path, str], ...] = (
        (going.approve("b" * 64), "no plan of a deletion"),
        (going.approve(digest, "p-002", change="CHG-2"), "no valid signature of p-003"),
        (going.approve(digest, approvers=["p-002"], change="CHG-3"), "nobody of its owner"),
        (going.approve(digest, executors=["p-005"], change="CHG-4"), "is not one of those who may carry it out"),
        (going.approve(digest, valid_until="2026-12-31T00:00:00+09:00", change="CHG-5"), "it counts from"),
        (going.approve(digest, environment="production", change="CHG-6"), "it is for production"),
    )
    for approval, told in attempts:
        with pytest.raises(VerbRefused, match=told):
            going.run(GRACE_OVER, approval=approval, typing=right)
    assert going.typed == []
    assert still_there(going)


def test_one_signature_for_both_roles_is_one_signature(due: tuple[Retiring, str]) -> None:
    going, digest = due
    going.office.appoint(login=current_actor(), p_002={"roles": ["platform", "owner"], "organisation": "org-301"})
    approval = going.approve(digest, approvers=["p-002"])
    found = lines(going.run(GRACE_OVER, approval=approval, typing=right))
    assert found[f"{DATABASE}: delete"][0] in {"held", "refused"}
    assert TOLD["approval"] in found[f"{DATABASE}: delete"][1]
    assert still_there(going)


def test_an_approval_of_a_file_that_was_edited_does_not_count(due: tuple[Retiring, str]) -> None:
    going, digest = due
    approval = going.approve(digest)
    approval.write_text(approval.read_text(encoding="utf-8").replace("2027-02-01", "2027-03-01"), encoding="utf-8")
    with pytest.raises(VerbRefused, match="no valid signature"):
        going.run(GRACE_OVER, approval=approval, typing=right)
    assert still_there(going)


def test_a_name_that_is_not_typed_right_deletes_nothing(due: tuple[Retiring, str]) -> None:
    going, digest = due
    approval = going.approve(digest)
    for typing in (None, "", "s02-db1", "S02-DB01", "y"):
        found = lines(going.run(GRACE_OVER, approval=approval, typing=typing))
        told = TOLD["no-terminal" if typing is None else "name"]
        assert [found[f"{name}: delete"][0] for name in NAMES] == ["refused"] * len(NAMES), typing
        assert told in found[f"{DATABASE}: delete"][1], typing
        assert still_there(going), typing


def test_the_plan_of_two_machines_does_not_cover_a_third(going: Retiring) -> None:
    going.to_grace()
    digest = going.run(GRACE_OVER, names=["s02-ap01", "s02-ap02"]).digest
    with pytest.raises(VerbRefused, match=r"no plan of a deletion|does not cover"):
        going.run(GRACE_OVER, approval=going.approve(digest), typing=right)
    assert still_there(going)


def test_without_a_terminal_the_playbook_deletes_nothing_whatever_is_passed(due: tuple[Retiring, str]) -> None:
    going, digest = due
    approval = going.approve(digest)
    arguments = ["-e", "as_of=2027-01-04", "-e", f"approval={approval}", "-e", f"reports={going.reports}"]
    arguments += ["-e", "confirmation=s02-db01", "-e", "typed=s02-db01", "--limit", DATABASE]
    piped = subprocess.run(
        [str(BIN / "ansible-playbook"), "playbooks/decommission.yml", *arguments],
        cwd=going.lab.repository,
        env=going.lab.environment(),
        input=f"{DATABASE}\n" * 5,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert piped.returncode != 0
    assert TOLD["no-terminal"] in piped.stdout
    assert still_there(going)


def test_at_a_terminal_the_right_name_deletes(due: tuple[Retiring, str]) -> None:
    """The same command with a terminal: so that the test above is not of a playbook that never deletes."""
    going, digest = due
    approval = going.approve(digest)
    command = [str(BIN / "ansible-playbook"), "playbooks/decommission.yml", "-e", "as_of=2027-01-04"]
    command += ["-e", f"approval={approval}", "-e", f"reports={going.reports}", "--limit", DATABASE]
    code, output = at_terminal(command, going, answers={f"{DATABASE} (": DATABASE})
    assert "Type its name" in output
    assert seen(going.lab, VCENTER, DATABASE) is None, output
    assert "delete" in going.steps()["s02-db-1"]
    assert code != 0  # the record waits for the other machines of the system, and the playbook says so


def at_terminal(command: list[str], going: Retiring, answers: dict[str, str]) -> tuple[int, str]:
    """Run a command at a pseudo-terminal of its own and type answers where they are asked for."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(going.lab.repository)
        os.execve(command[0], command, going.lab.environment())
    output, deadline, closed = "", time.monotonic() + 120, False
    typed: dict[str, float] = {}
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 1)
        if ready:
            try:
                output += os.read(terminal, 4096).decode("utf-8", "replace")
            except OSError:  # the other side has closed it
                closed = True
                break
            continue
        # Silent: it waits for somebody. What is typed before the question stands is thrown away, as it is for a person.
        for question, answer in answers.items():
            asked = question in output and "Type its name" in output
            if asked and time.monotonic() > typed.get(question, 0) + 3:
                os.write(terminal, f"{answer}\r".encode())
                typed[question] = time.monotonic()
                break
    if not closed:
        os.killpg(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    assert closed, f"it has not ended:\n{output}"
    return os.waitstatus_to_exitcode(status), output


# --- records ---------------------------------------------------------------------------------------------------------


def test_a_case_that_is_forged_in_the_database_deletes_nothing(going: Retiring) -> None:
    going.run(AFTER)
    with going.tape.store() as store, store.database.write() as connection:
        last = (
            connection.execute(sa.select(tables.entries).order_by(tables.entries.c.id.desc()).limit(1)).mappings().one()
        )
        payload = '{"by":"x","evidence":{},"happened_at":"2026-12-02T00:00:00.000000Z","step":"verify"}'
        forged = {**last, "id": last["id"] + 1, "previous_hash": last["hash"], "kind": "retirement", "subject": KEYS[2]}
        connection.execute(sa.insert(tables.entries), {**forged, "payload": payload})
    with pytest.raises(ChainBrokenError):
        going.run(GRACE_OVER, typing=right)
    assert still_there(going)


def test_a_machine_that_vanished_without_us_is_no_success(going: Retiring) -> None:
    going.to_grace()
    with going.lab.machine(VCENTER, DATABASE) as machine:
        wait_for_task(machine.Destroy_Task())
    found = lines(going.run(GRACE_OVER + timedelta(days=1), names=[DATABASE], typing=right))
    assert found[f"{DATABASE}: delete"][0] == "refused"
    assert "delete" not in going.steps()["s02-db-1"]


def test_the_time_of_a_test_is_the_time_of_the_run(going: Retiring) -> None:
    """So that what is called grace here is not the time that the test takes."""
    going.run(AFTER)
    case = going.cases()["s02-db-1"]
    assert case.at("quarantine") == AFTER
    assert lines(going.run(IN_GRACE, check=True))[f"{DATABASE}: copy-off-site"][0] == "held"
