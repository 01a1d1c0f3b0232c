"""The way back from bare tape: read tapes into an empty catalogue with bscan."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.catalogue import Catalogue, JobRecord
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import Console
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed, TapeError
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.library import Drive, Library, Slot
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

# Runs bscan over one tape in a drive, as the storage daemon's user: (device, barcode) -> exit code and what it said.
RunScan = Callable[[str, str], tuple[int, str]]


def rebuild_catalogue(
    settings: TapeSettings, barcodes: Sequence[str], *, run: RunScan, drive: int = 0
) -> list[JobRecord]:
    """Read the tapes one after another, in the order in which they were written, and give the jobs found.

    A job that spans tapes needs all of them. The drive is taken from the storage daemon meanwhile. Raises TapeError
    with what bscan said.
    """
    library = Library(settings)
    console = Console(settings, "library")
    storage, device = settings.library.storage, settings.library.drives[drive]
    console.run(f"unmount storage={storage} drive={drive} slot=0", seconds=600)
    try:
        for barcode in barcodes:
            place = library.inventory().place(barcode)
            if not isinstance(place, Slot):
                where = f"in drive {place.number}" if isinstance(place, Drive) else "not in the library"
                raise ChangerFailed(f"{barcode} is {where}: it must be in a slot")
            library.load(place.number, drive)
            try:
                code, said = run(device, barcode)
            finally:
                library.put_back(place.number, drive)
            if code:
                raise TapeError(f"bscan of {barcode} failed: {' | '.join(said.splitlines()[-3:])}")
    finally:
        console.run(f"mount storage={storage} drive={drive} slot=0", seconds=600)
    library.update_slots()
    return [job for job in Catalogue(settings).jobs() if job.kind in {"B", "C"}]
