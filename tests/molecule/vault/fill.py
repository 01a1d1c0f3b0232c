"""Tapes, a key in proven escrow, and a backup of one machine of each of two systems, as the backup verb leaves them."""

from __future__ import annotations

import os
import sys

from lab.paths import lab_paths
from lab.tape.laboratory import TapeLaboratory
from tests.support.tape_lab import TapeLab
from tests.support.vault_lab import OFFSITE, ONSITE, VaultLab, prove_escrow

NAME = os.environ["KYOTSU_LAB"]


def vault() -> VaultLab:
    """The vault over the scenario's lab and its records."""
    root = lab_paths(NAME).root
    folder = root / "molecule"
    folder.mkdir(exist_ok=True)
    return VaultLab(TapeLab(TapeLaboratory(lab_paths(NAME)), folder), f"sqlite:///{root / 'records.sqlite3'}")


def main() -> int:
    """Exit 0 when everything is on tape."""
    lab = vault()
    with lab.store() as store:
        prove_escrow(store)
    lab.register(ONSITE, "OSA001L8")
    lab.register(OFFSITE, "OSA002L8", "OSA003L8")
    lab.backup("s35-db-1")
    lab.backup("s38-db-1", system="s38")
    return 0


if __name__ == "__main__":
    sys.exit(main())
