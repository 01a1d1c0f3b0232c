"""Where tapes lie in the drives before a job that needs two of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Inventory, Library


def in_the_way(inventory: Inventory, sources: Collection[str], targets: Collection[str]) -> list[str]:
    """The tapes that a copy would wait for in vain where they lie: those of `targets` above a drive with a source.

    The storage daemon reserves the first free drive for writing and the next one for reading before it looks at what
    is in them. Where the first holds a tape to read and the second the tape to write, the two halves of the one job
    wait for each other (Bacula 9.6.7: "Device is being initialized" until the job is cancelled).
    """
    lowest = min((drive.number for drive in inventory.drives if drive.barcode in sources), default=None)
    if lowest is None:
        return []
    above = [drive.barcode for drive in inventory.drives if drive.number > lowest]
    return [barcode for barcode in above if barcode is not None and barcode in targets]


def make_way(library: Library, sources: Collection[str], targets: Collection[str]) -> None:
    """Bring the tapes that are in the way of a copy back to their slots.

    A drive that is busy keeps its tape: another job works on it, and the copy has to wait for that anyway.
    """
    for barcode in in_the_way(library.inventory(), sources, targets):
        with contextlib.suppress(ChangerFailed):
            library.unload(barcode)
