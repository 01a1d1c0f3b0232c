"""A small estate with records of tapes, and the vault over them; no tape software is needed for what people report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.vault_plan import REGULAR, Move, VaultPlan
from ansible_collections.kyotsu.platform.plugins.module_utils.records.copies import NewCopy
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.outcome import VaultOutcome
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.request import VaultRequest
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.run import run_vault
from tests.support.tapes import BOTH

ORIGIN = Origin(actor="hanako", host="controller", run_id="run-1", commit="")
POOL, CASE, DAY = "lgwan-c3-offsite", "CASE-LG-01", date(2026, 12, 1)
TAPES = ("KYT001L8", "KYT002L8")


@dataclass(frozen=True)
class Desk:
    """A small estate with its records, and the verb over them."""

    folder: Path
    repository: Path
    url: str

    def store(self) -> Store:
        return open_store(self.url, production=False)

    def run(self, step: str, **more: Any) -> VaultOutcome:
        values: dict[str, Any] = {
            "repository": self.repository,
            "environment": "lab",
            "production": False,
            "records_url": self.url,
            "tape_settings": self.folder / "no-settings.json",
            "scratch": self.folder / "scratch",
            "reports": self.folder / "reports",
            "step": step,
        }
        return run_vault(VaultRequest(**{**values, **more}))

    def scan(self, step: str, *lines: str, **more: Any) -> VaultOutcome:
        file = self.folder / "scan.txt"
        file.write_text("\n".join(lines), encoding="utf-8")
        return self.run(step, scan=file, **{"people": BOTH, **more})

    def record(self, tape: str, action: Any, **evidence: str) -> None:
        event = CustodyEvent(tape, action, datetime.now(UTC), BOTH, evidence)  # type: ignore[arg-type]  # names are checked by the ledger (2026-11-24)
        with self.store() as store:
            store.custody.record([event], lambda _status: Facts(), ORIGIN)

    def copy_on(self, tape: str) -> None:
        """A copy that was read back, as the records have it."""
        new = NewCopy(
            machine="s35-db-1",
            system="s35",
            backup_class="tape-daily-offsite",
            taken_at=datetime.now(UTC),
            pool=POOL,
            offsite=True,
            tapes=(tape,),
            size_bytes=1,
            key_id="lgwan-g1",
            job="1",
            manifest_digest="0" * 64,
        )
        with self.store() as store:
            (made,) = store.copies.add([new], ORIGIN)
            store.copies.read_back(made.id, ok=True, job="2", origin=ORIGIN)

    def places(self) -> dict[str, str]:
        with self.store() as store:
            return {tape: status.place for tape, status in store.custody.statuses().items()}

    def actions(self, tape: str) -> list[str]:
        with self.store() as store:
            return [line.event.action for line in store.custody.history(tape)]


def plan_of(*tapes: str, incoming: tuple[str, ...] = ()) -> VaultPlan:
    def move(tape: str, number: int) -> Move:
        return Move(tape, POOL, "lgwan", str(number), CASE, number, 1, REGULAR)

    return VaultPlan(
        DAY,
        tuple(move(tape, number) for number, tape in enumerate(tapes, 1)),
        tuple(move(tape, number) for number, tape in enumerate(incoming, 1)),
        (),
    )
