"""The tape library: what is in which slot, labels, import and export, and giving a tape free."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import Console, word
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed, CommandRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

_DRIVE = re.compile(
    r"^Data Transfer Element (\d+):(?:Empty|Full \(Storage Element (\d+) Loaded\)(?::VolumeTag = (\S+))?)"
)
_SLOT = re.compile(r"^\s*Storage Element (\d+)( IMPORT/EXPORT)?:(?:Empty|Full(?: :VolumeTag=(\S+))?)")
_LABELLED = re.compile(r'^Catalog record for Volume "([^"]+)", Slot \d+\s+successfully created', re.MULTILINE)
# 3001 also says "is already mounted" and "is doing acquire"; a busy device answers 3902 to 3937.
_LET_GO = re.compile(r"^(?:300[12] Device .* unmounted\.|3901 Device .* is already unmounted)", re.MULTILINE)
_SECONDS = 600  # a real drive rewinds and a real robot moves in minutes


@dataclass(frozen=True)
class Slot:
    """A slot; `barcode` None if it is empty, "" if the tape in it has no readable barcode."""

    number: int
    import_export: bool
    barcode: str | None


@dataclass(frozen=True)
class Drive:
    """A drive; `home` is the slot that its tape came from."""

    number: int
    barcode: str | None
    home: int | None


@dataclass(frozen=True)
class Inventory:
    """What the robot sees."""

    drives: tuple[Drive, ...]
    slots: tuple[Slot, ...]

    def place(self, barcode: str) -> Slot | Drive | None:
        """Where a tape is; None if it is not in the library."""
        places: list[Slot | Drive] = [*self.drives, *self.slots]
        return next((each for each in places if each.barcode == barcode), None)

    @property
    def doors(self) -> list[Slot]:
        """The import/export slots in their order: the first is exit port 1."""
        return sorted((slot for slot in self.slots if slot.import_export), key=lambda slot: slot.number)

    def free(self, *, import_export: bool) -> list[int]:
        """Empty slots of a kind, but those that a tape in a drive goes back to."""
        homes = {drive.home for drive in self.drives if drive.barcode is not None}
        return [
            slot.number
            for slot in self.slots
            if slot.import_export == import_export and slot.barcode is None and slot.number not in homes
        ]


@dataclass(frozen=True)
class Library:
    """One library. Movements go through mtx, labels and slots of the catalogue through the console `library`."""

    settings: TapeSettings

    @property
    def console(self) -> Console:
        """The console that may label."""
        return Console(self.settings, "library")

    def inventory(self) -> Inventory:
        """What is where, from the robot itself."""
        drives, slots = [], []
        for line in self._mtx("status").splitlines():
            if drive := _DRIVE.match(line):
                number, home, tag = drive.groups()
                drives.append(Drive(int(number), (tag or "") if home else None, int(home) if home else None))
            elif slot := _SLOT.match(line):
                number, door, tag = slot.groups()
                barcode = (tag or "") if ":Full" in line else None
                slots.append(Slot(int(number), door is not None, barcode))
        return Inventory(tuple(drives), tuple(slots))

    def label(self, barcodes: Iterable[str], pool: str, drive: int = 0) -> list[str]:
        """Write labels on new tapes, named by their barcodes, into a pool; give those that are labelled now.

        A tape with a label is refused by the tape software: nothing is overwritten. Raises CommandRefused with what
        was said if a tape was not labelled.
        """
        if pool not in self.settings.pools:
            raise CommandRefused(f"there is no pool {pool}")
        wanted, inventory = list(barcodes), self.inventory()
        slots = []
        for barcode in wanted:
            place = inventory.place(barcode)
            number = place.number if isinstance(place, Slot) and not place.import_export else None
            if number is None:
                raise CommandRefused(f"{barcode} is in no storage slot of the library: import it before it is labelled")
            slots.append(str(number))
        command = f"label barcodes storage={self.settings.library.storage} drive={drive} pool={word(pool)}"
        said = self.console.run(f"{command} slots={','.join(slots)}", "yes", seconds=_SECONDS)
        done = _LABELLED.findall(said)
        if missing := sorted(set(wanted) - set(done)):
            reasons = [line for line in said.splitlines() if re.match(r"3\d\d\d|.*(already|not|failed)", line)]
            raise CommandRefused(f"not labelled: {', '.join(missing)}: {' | '.join(reasons[-3:])}")
        return done

    def close(self, barcode: str) -> None:
        """Have nothing more written on a tape; what is on it stays readable. Idempotent."""
        said = self.console.run(f"update volume={word(barcode)} volstatus=Used", seconds=_SECONDS)
        if "New Volume status is: Used" not in said:
            raise CommandRefused(f"{barcode} is not closed: {' | '.join(said.split(chr(10))[-3:])}")

    def forget(self, barcode: str) -> None:
        """Take a tape that is gone for good out of the catalogue. Only the audited release command calls this."""
        release = Console(self.settings, "release")
        release.run(f"purge volume={word(barcode)}", f"delete volume={word(barcode)} yes", seconds=_SECONDS)

    def update_slots(self) -> None:
        """Tell the catalogue what is in which slot; what is not there is out of the library."""
        self.console.run(f"update slots storage={self.settings.library.storage} drive=0", seconds=_SECONDS)

    def export(self, barcode: str) -> int:
        """Move a tape to a free import/export slot; give the slot. The drive that holds it is released first."""
        self.unload(barcode)
        inventory = self.inventory()
        place = inventory.place(barcode)
        if place is None:
            raise ChangerFailed(f"{barcode} is not in the library")
        if isinstance(place, Slot) and place.import_export:
            return place.number
        doors = inventory.free(import_export=True)
        if not doors:
            raise ChangerFailed("every import/export slot is taken: have the operators empty them")
        self._mtx("transfer", str(place.number), str(doors[0]))
        self.update_slots()
        return doors[0]

    def take_in(self) -> dict[str, int]:
        """Move everything from the import/export slots to free slots; give barcode -> slot."""
        inventory = self.inventory()
        free = inventory.free(import_export=False)
        moved = {}
        for slot in inventory.slots:
            if slot.import_export and slot.barcode is not None:
                if not free:
                    raise ChangerFailed("no free slot in the library: have a tape taken out")
                target = free.pop(0)
                self._mtx("transfer", str(slot.number), str(target))
                moved[slot.barcode] = target
        self.update_slots()
        return moved

    def unload(self, barcode: str) -> None:
        """Bring a tape from a drive back to its slot; nothing to do if it is in none."""
        place = self.inventory().place(barcode)
        if isinstance(place, Drive):
            self._let_go(self.console, place.number)
            after = self.inventory().place(barcode)
            if isinstance(after, Drive):
                self._mtx("unload", str(after.home), str(after.number))
            storage = self.settings.library.storage
            self.console.run(f"mount storage={storage} drive={place.number} slot=0", seconds=_SECONDS)

    def _let_go(self, console: Console, drive: int) -> None:
        """Have the storage daemon let go of a drive; ChangerFailed where it does not say that it did."""
        said = console.run(f"unmount storage={self.settings.library.storage} drive={drive} slot=0", seconds=_SECONDS)
        if not _LET_GO.search(said):
            last = " | ".join([line.strip() for line in said.splitlines() if line.strip()][-3:])
            raise ChangerFailed(f"the storage daemon has not let go of drive {drive}: {last}")

    def _require_in_drive(self, barcode: str, drive: int) -> None:
        """Ask the robot; ChangerFailed unless the drive holds this very tape."""
        held = next((each.barcode for each in self.inventory().drives if each.number == drive), None)
        if held != barcode:
            raise ChangerFailed(
                f"drive {drive} holds {held or 'no readable barcode'}, not {barcode}: nothing was erased"
            )

    def release_tape(self, barcode: str) -> None:
        """Give a tape free: forget what is on it, and erase its label, so that it can be labelled anew.

        Only the audited release command calls this, after the policy has said that the tape may be overwritten. The
        tape must be in a storage slot of the library, not write-protected. Idempotent after an interruption.
        """
        self.unload(barcode)
        place = self.inventory().place(barcode)
        if not isinstance(place, Slot) or place.import_export:
            raise ChangerFailed(f"{barcode} is in no storage slot of the library")
        release, storage = Console(self.settings, "release"), self.settings.library.storage
        drive = next((each for each in self.inventory().drives if each.barcode is None), None)
        if drive is None:
            raise ChangerFailed("no drive is free to erase the tape")
        self._let_go(release, drive.number)
        try:
            if self.inventory().place(barcode) != place:
                raise ChangerFailed(f"{barcode} was moved meanwhile: nothing was erased")
            self._mtx("load", str(place.number), str(drive.number))
            try:
                for action in ("rewind", "weof"):
                    self._require_in_drive(barcode, drive.number)  # whoever loads another tape would lose it here
                    self._command(self.settings.library.mt, "-f", self.settings.library.drives[drive.number], action)
            finally:
                if self.inventory().place(barcode) == Drive(drive.number, barcode, place.number):
                    self._mtx("unload", str(place.number), str(drive.number))
        finally:
            release.run(f"mount storage={storage} drive={drive.number} slot=0", seconds=_SECONDS)
        # Last, for a tape that the catalogue still knows is never taken for a new one.
        self.forget(barcode)

    def load(self, slot: int, drive: int) -> None:
        """Move a tape into a drive that the storage daemon has let go of (for bscan)."""
        self._mtx("load", str(slot), str(drive))

    def put_back(self, slot: int, drive: int) -> None:
        """Move a tape from a drive that the storage daemon has let go of into a slot."""
        self._mtx("unload", str(slot), str(drive))

    def _mtx(self, *arguments: str) -> str:
        return self._command(self.settings.library.mtx, "-f", self.settings.library.changer, *arguments)

    def _command(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.settings.environment(), capture_output=True, text=True, check=False, timeout=_SECONDS
        )
        if done.returncode:
            raise ChangerFailed(f"{' '.join(command[2:])}: {(done.stderr or done.stdout).strip()}")
        return done.stdout
