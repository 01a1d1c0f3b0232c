"""kill -9 at every phase of the vault: the next run finishes it, and each event is in the ledger once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.copies import Copy
from tests.support.small_estate import ROOT
from tests.support.vault_lab import CASE, VaultLab, vault_lab

# A controller that dies before it calls a function of the layers below for the n-th time.
CONTROLLER = """
import importlib, os, signal, sys
from pathlib import Path
sys.path[:0] = [".", "collections"]
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.run import run_vault

where, name, after = sys.argv[1].rsplit(".", 2)[0], sys.argv[1].rsplit(".", 2)[1], sys.argv[1].rsplit(".", 2)[2]
owner = getattr(importlib.import_module("ansible_collections.kyotsu.platform.plugins.module_utils." + where), name)
real = getattr(owner, after)

def dies(*arguments, **more):
    if sys.argv[2] == "after":
        real(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, after, dies)
step, url, settings, folder = sys.argv[3:7]
scan = Path(sys.argv[7]) if len(sys.argv) > 7 else None
run_vault(VaultRequest(
    repository=Path("."), environment="lab", production=False, records_url=url, tape_settings=Path(settings),
    scratch=Path(folder) / "scratch", reports=Path(folder) / "reports", step=step, media_seconds=30.0, scan=scan,
    people=("山田 太郎", "鈴木 花子"),
))
"""
ONE_OF_EACH = {"register": 1, "close": 1, "eject": 1}
# One order is killed at each of these in turn; every run goes on from where the one before was killed.
MOMENTS = (
    ("tape.jobs.TapeJobs.copy", "after"),  # the copy goes on without its controller
    ("records.copies.Copies.add", "before"),  # it is made and not recorded
    ("tape.jobs.TapeJobs.restore", "after"),  # its read-back goes on
    ("records.copies.Copies.read_back", "before"),
    ("tape.library.Library.close", "after"),  # ordered, closed, not ejected
    ("tape.library.Library.export", "after"),  # in the exit port, and the ledger does not know
)


@pytest.fixture(scope="module")
def lab() -> Iterator[VaultLab]:
    with vault_lab("vaultkill") as lab:
        yield lab


def killed(lab: VaultLab, moment: str, when: str, step: str = "order", *scan: str) -> int:
    """Run a step that is killed at a moment; its exit code is the signal."""
    command = [sys.executable, "-c", CONTROLLER, moment, when, step, lab.records_url]
    command += [str(lab.tape.lab.paths.settings_file), str(lab.tape.folder), *scan]
    return subprocess.run(command, cwd=ROOT, timeout=240, check=False, capture_output=True).returncode


def test_an_order_that_is_killed_at_every_phase_is_finished_by_the_next_run(lab: VaultLab) -> None:
    lab.backup()
    for moment, when in MOMENTS:
        assert killed(lab, moment, when) == -signal.SIGKILL, moment
    outcome = lab.run()
    assert outcome.done.troubles == []
    (offsite,) = [copy for copy in copies(lab) if copy.offsite]  # made once, recorded once
    assert offsite.read_back_ok is True
    (tape,) = offsite.tapes
    assert len(lab.tape.jobs.catalogue.jobs_on(tape)) == 1
    assert Counter(lab.events(tape)) == ONE_OF_EACH
    assert lab.place(tape) == "exit-port"
    assert lab.run().done.recorded == 0
    assert lab.take_out(tape).done.troubles == []
    with lab.store() as store:
        assert len(store.chain.entries(kind="vault-order")) == 1
        assert store.chain.verify().ok
        assert store.copies.verify() == []


def test_a_scan_that_is_killed_is_recorded_as_a_whole_or_not_at_all(lab: VaultLab) -> None:
    lab.backup()
    plan = lab.run().done.plan
    assert plan is not None
    tapes = [move.tape for move in plan.outgoing if lab.place(move.tape) == "exit-port"]
    file = lab.tape.folder / "killed-scan.txt"
    file.write_text("\n".join([CASE, "SEAL-0001", *tapes]), encoding="utf-8")
    assert killed(lab, "records.custody.Custody.record", "before", "take-out", str(file)) == -signal.SIGKILL
    assert {lab.place(tape) for tape in tapes} == {"exit-port"}
    assert killed(lab, "records.custody.Custody.record", "after", "take-out", str(file)) == -signal.SIGKILL
    assert lab.take_out(*tapes).done.troubles == []
    assert {Counter(lab.events(tape))["take-out"] for tape in tapes} == {1}


def copies(lab: VaultLab) -> list[Copy]:
    with lab.store() as store:
        return store.copies.existing()
