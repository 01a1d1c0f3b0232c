"""New tapes: labelled by the tape software, then known to the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.ledger import CustodyEvent, CustodyRefused, Facts
from ansible_collections.kyotsu.platform.plugins.module_utils.custody.pools import BARCODE
from ansible_collections.kyotsu.platform.plugins.module_utils.model.platform import Platform
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Catalogue
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Library, Slot
from ansible_collections.kyotsu.platform.plugins.module_utils.vault.context import Vault
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


def register(vault: Vault) -> None:
    """The step: check pool, barcodes and budget against the data, then label and register."""
    request = vault.request
    request.require(tapes=request.tapes, pool=request.pool, people=request.people)
    tapes = list(dict.fromkeys(tape.strip().upper() for tape in request.tapes))
    statuses = vault.store.custody.statuses()
    new = [tape for tape in tapes if tape not in statuses]
    check_new(vault.estate.platform, request.pool, new, owned=_owned(vault, request.pool))
    vault.done.changed = bool(new)
    if request.check:
        vault.done.say(f"would be registered for {request.pool}: {', '.join(new) or 'none'}")
        return
    done = register_tapes(
        vault.store,
        vault.library,
        vault.library_data.id,
        request.pool,
        tapes,
        people=request.people,
        origin=vault.origin,
        at=vault.moment(),
    )
    vault.done.recorded += len(done)
    vault.done.say(f"registered for {request.pool}: {', '.join(done) or 'all were known'}")


def check_new(platform: Platform, pool: str, barcodes: Sequence[str], *, owned: int) -> None:
    """Raise VerbRefused where pool, generation or budget do not fit."""
    found = next((each for each in platform.media_pools if each.id == pool), None)
    if found is None:
        raise VerbRefused(
            f"platform/backup.yml has no pool {pool}; it has {', '.join(each.id for each in platform.media_pools)}"
        )
    suffix = next(medium.suffix for medium in platform.media if medium.id == found.medium)
    for barcode in barcodes:
        if not BARCODE.fullmatch(barcode) or not barcode.endswith(suffix):
            raise VerbRefused(f"{barcode}: a tape of pool {pool} has six letters or digits and {suffix} at the end")
    if owned + len(barcodes) > found.tapes:
        raise VerbRefused(
            f"pool {pool} would own {owned + len(barcodes)} tapes, its budget is {found.tapes}: "
            "raise `tapes` in platform/backup.yml first"
        )


def register_tapes(
    store: Store,
    library: Library,
    library_id: str,
    pool: str,
    barcodes: Sequence[str],
    *,
    people: Sequence[str],
    origin: Origin,
    at: datetime,
) -> list[str]:
    """Label tapes that lie in slots of the library into a pool and register them; give those that are new.

    Idempotent: a tape that a killed run has labelled is only registered. Raises CustodyRefused if a tape belongs to
    another pool, TapeError if it cannot be labelled.
    """
    known = store.custody.statuses(barcodes)
    volumes = {each.name: each.pool for each in Catalogue(library.settings).volumes()}
    for barcode in barcodes:
        other = known[barcode].pool if barcode in known else volumes.get(barcode, pool)
        if other != pool:
            raise CustodyRefused(f"{barcode}: belongs to pool {other}; pools never share a tape")
    if unlabelled := [barcode for barcode in barcodes if barcode not in volumes]:
        library.label(unlabelled, pool)
    inventory = library.inventory()
    events = []
    for barcode in barcodes:
        if barcode in known:
            continue
        place = inventory.place(barcode)
        number = place.number if isinstance(place, Slot) else getattr(place, "home", None)
        if number is None:
            raise CustodyRefused(f"{barcode}: is not in the library: put it in, and run it again")
        evidence = {"pool": pool, "library": library_id, "position": str(number)}
        events.append(CustodyEvent(barcode, "register", at, tuple(people), evidence))  # type: ignore[arg-type]  # a literal (2026-11-24)
    store.custody.record(events, lambda _status: Facts(), origin)
    return [event.tape for event in events]


def _owned(vault: Vault, pool: str) -> int:
    return sum(1 for each in vault.store.custody.statuses().values() if each.pool == pool and each.place != "gone")
