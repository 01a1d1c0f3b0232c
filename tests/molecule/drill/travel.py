"""What happens before a drill and is not its own: a key in proven escrow, and a tape that was in the vault.

Usage: travel.py key | tape. The steps are those of the verb vault; nobody is there to carry, so the lab's library is
emptied and filled by its owner's hand.
"""

from __future__ import annotations

import os
import sys
import uuid
from pathlib import Path

from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from lab.paths import lab_paths
from lab.tape.escrow import ensure_escrow
from lab.tape.laboratory import TapeLaboratory
from tests.support.tape_lab import TapeLab
from tests.support.tapes import BOTH
from tests.support.vault_lab import VaultLab

REPOSITORY = Path(__file__).resolve().parents[3]
NAME, SEGMENT, POOL, CASE = os.environ["KYOTSU_LAB"], "lgwan", "lgwan-c2-offsite", "CASE-LG-01"


def vault() -> VaultLab:
    """The vault over the scenario's lab and its records."""
    root = lab_paths(NAME).root
    folder = root / "molecule"
    folder.mkdir(exist_ok=True)
    return VaultLab(TapeLab(TapeLaboratory(lab_paths(NAME)), folder), f"sqlite:///{root / 'records.sqlite3'}")


def prove_key(lab: VaultLab) -> None:
    """The key of the segment's client, as it is in use, on paper and back."""
    with lab.store() as store:
        file = lab.tape.lab.paths.keys / f"{SEGMENT}-fd.pem"
        platform = load_estate(REPOSITORY).estate.platform
        ensure_escrow(store, platform, SEGMENT, file, Origin.here(run_id=uuid.uuid4().hex[:12]))


def carry(lab: VaultLab) -> None:
    """One tape of the off-site pool, there and back."""
    with lab.store() as store:
        known = set(store.custody.statuses())
    slots = lab.tape.library.inventory().slots
    tape = next(slot.barcode for slot in slots if slot.barcode and not slot.import_export and slot.barcode not in known)
    assert tape is not None
    good(lab.register(POOL, tape))
    good(lab.run())
    good(lab.take_out(tape, case=CASE))
    for step in ("hand-over", "arrive"):
        good(lab.scan(step, f"{CASE}\nSEAL-0001\n{tape}"))
    good(lab.run("recall", tapes=(tape,), reason="drill", people=BOTH[:1]))
    good(lab.run())
    for step in ("leave-vault", "come-home"):
        good(lab.scan(step, f"{CASE}\nSEAL-0002\n{tape}"))
    lab.tape.lab.library.insert(tape)
    good(lab.run("insert", tapes=(tape,), people=BOTH))
    if lab.place(tape) not in {"slot", "drive"}:
        raise SystemExit(f"{tape} is not back: {lab.events(tape)}")


def good(outcome: VaultOutcome) -> None:
    """End with what a person would have to do, where the vault found something."""
    if troubles := outcome.done.troubles:
        raise SystemExit("\n".join(str(each) for each in troubles))


if __name__ == "__main__":
    {"key": prove_key, "tape": carry}[sys.argv[1]](vault())
