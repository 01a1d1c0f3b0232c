"""Where tapes lie in the drives before a job that needs two of them."""

from __future__ import annotations

import contextlib
from collections.abc import Collection

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Inventory, Library


def in_the_way(inventory: Inventory, targets: Collection[str]) -> list[str]:
    """The tapes that a copy would wait for in vain: those that it may write to, in another drive than the first.

    The storage daemon reserves the first free drive for writing and the next one for reading before it looks at what
    is in them. Where the second one holds the tape to write, the two halves of the one job wait for each other until it
    is cancelled (Bacula 9.6.7: "Device is being initialized").
    """
    first = min(drive.number for drive in inventory.drives)
    others = [drive.barcode for drive in inventory.drives if drive.number != first]
    return [barcode for barcode in others if barcode is not None and barcode in targets]


def make_way(library: Library, targets: Collection[str]) -> None:
    """Bring the tapes that are in the way of a copy back to their slots.

    A drive that is busy keeps its tape: another job works on it, and the copy has to wait for that anyway.
    """
    for barcode in in_the_way(library.inventory(), targets):
        with contextlib.suppress(ChangerFailed):
            library.unload(barcode)
