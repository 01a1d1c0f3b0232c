"""The virtual tape library as its owner sees it: cartridges, the shelf, doors, and faults that a test switches on.

The robot itself is the program `mtx` beside this file; both work on `library.json` under one lock.
"""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.tape.users import STORAGE_GROUP, STORAGE_USER, give

SLOTS = 48
IMPORT_EXPORT_SLOTS = 4
DRIVES = 2
GENERATION = "L8"


@dataclass(frozen=True)
class VirtualLibrary:
    """The library in a folder."""

    folder: Path

    def ensure(self, *, tapes: int, prefix: str = "OSA", drives: int = DRIVES, slots: int = SLOTS) -> None:
        """Make the library once, with `tapes` empty cartridges in the first slots; put the drives' links right."""
        for place in (self.folder, self.folder / "drives", self.folder / "cartridges"):
            place.mkdir(parents=True, exist_ok=True)
            give(place, STORAGE_USER, STORAGE_GROUP)
        lock = self.folder / "lock"
        lock.touch()
        lock.chmod(0o664)
        give(lock, STORAGE_USER, STORAGE_GROUP)
        if not (self.folder / "library.json").exists():
            numbers = range(1, slots + IMPORT_EXPORT_SLOTS + 1)
            library: dict[str, Any] = {
                "drives": [{"cartridge": None, "home": None, "stuck": False} for _ in range(drives)],
                "slots": {str(number): {"cartridge": None, "import_export": number > slots} for number in numbers},
                "cartridges": {},
            }
            for number in range(1, tapes + 1):
                library["slots"][str(number)]["cartridge"] = self._make(library, f"{prefix}{number:03}{GENERATION}")
            self._save(library)
        with self.change() as library:  # a robot that was killed may have left a link that its notes do not have
            for number, drive in enumerate(library["drives"]):
                link = self.folder / "drives" / str(number)
                link.unlink(missing_ok=True)
                if drive["cartridge"]:
                    link.symlink_to(self.folder / "cartridges" / drive["cartridge"])

    def read(self) -> dict[str, Any]:
        """What is where, as in library.json."""
        value: dict[str, Any] = json.loads((self.folder / "library.json").read_text(encoding="utf-8"))
        return value

    @contextmanager
    def change(self) -> Iterator[dict[str, Any]]:
        """Change what is where while the robot waits."""
        with (self.folder / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            library = self.read()
            yield library
            self._save(library)

    def cartridge(self, barcode: str) -> Path:
        """The file that is the tape with this barcode on its sticker. LabError if there is none."""
        for identity, entry in self.read()["cartridges"].items():
            if entry["barcode"] == barcode:
                return self.folder / "cartridges" / str(identity)
        raise LabError(f"no cartridge has the barcode {barcode}")

    def outside(self) -> list[str]:
        """Barcodes of the cartridges that are in no slot and no drive."""
        library = self.read()
        inside = {each["cartridge"] for each in [*library["slots"].values(), *library["drives"]]}
        return sorted(entry["barcode"] for identity, entry in library["cartridges"].items() if identity not in inside)

    def buy(self, barcode: str) -> None:
        """An empty cartridge on the shelf."""
        with self.change() as library:
            if any(entry["barcode"] == barcode for entry in library["cartridges"].values()):
                raise LabError(f"barcode {barcode} is in use")
            self._make(library, barcode)

    def insert(self, barcode: str, slot: int | None = None) -> int:
        """Put a cartridge from the shelf into an import/export slot, the first free one; give the slot."""
        identity = self.cartridge(barcode).name
        with self.change() as library:
            if barcode not in self.outside():
                raise LabError(f"{barcode} is in the library")
            doors = [
                number
                for number, place in library["slots"].items()
                if place["import_export"] and not place["cartridge"] and slot in (None, int(number))
            ]
            if not doors:
                raise LabError("no free import/export slot")
            library["slots"][doors[0]]["cartridge"] = identity
            return int(doors[0])

    def remove(self, slot: int) -> str:
        """Take the cartridge out of an import/export slot; give its barcode."""
        with self.change() as library:
            place = library["slots"].get(str(slot), {})
            if not place.get("import_export") or not place["cartridge"]:
                raise LabError(f"slot {slot} is no import/export slot with a tape in it")
            identity, place["cartridge"] = place["cartridge"], None
            return str(library["cartridges"][identity]["barcode"])

    # --- faults ------------------------------------------------------------------------------------------------------

    def damage(self, barcode: str, offset: int, length: int = 4096) -> None:
        """Bad tape: blocks at an offset (bytes from the beginning of the tape) are unreadable from now on."""
        with self.cartridge(barcode).open("r+b") as tape:
            tape.seek(offset)
            tape.write(bytes(length))

    def protect(self, barcode: str, *, on: bool = True) -> None:
        """The slider on the cartridge: the storage daemon cannot write it any more."""
        self.cartridge(barcode).chmod(0o444 if on else 0o640)

    def jam(self, drive: int, *, on: bool = True) -> None:
        """Stuck drive: the robot can neither load nor unload it."""
        with self.change() as library:
            library["drives"][drive]["stuck"] = on

    def relabel_sticker(self, barcode: str, sticker: str) -> None:
        """Wrong barcode: the sticker says something else than the label on the tape."""
        identity = self.cartridge(barcode).name
        with self.change() as library:
            library["cartridges"][identity]["barcode"] = sticker

    def shorten(self, barcode: str, free_bytes: int) -> None:
        """Full: the tape ends physically after so many bytes more (a small file system; needs root)."""
        tape = self.cartridge(barcode)
        small = self.folder / "short" / tape.name
        small.mkdir(parents=True, exist_ok=True)
        size = tape.stat().st_size + free_bytes
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=0755", "tmpfs", str(small)], check=True)
        give(small, STORAGE_USER, STORAGE_GROUP)
        copy = small / tape.name
        copy.write_bytes(tape.read_bytes())
        give(copy, STORAGE_USER, STORAGE_GROUP)
        tape.unlink()
        tape.symlink_to(copy)

    def unmount(self) -> None:
        """Give up the small file systems of shortened tapes; what was on them is gone."""
        for small in sorted((self.folder / "short").glob("*")):
            if os.path.ismount(small):
                subprocess.run(["umount", str(small)], check=True)

    def _make(self, library: dict[str, Any], barcode: str) -> str:
        identity = f"c{len(library['cartridges']) + 1:04}"
        tape = self.folder / "cartridges" / identity
        tape.touch(mode=0o640)
        give(tape, STORAGE_USER, STORAGE_GROUP)
        library["cartridges"][identity] = {"barcode": barcode}
        return identity

    def _save(self, library: dict[str, Any]) -> None:
        fresh = self.folder / ".library.json.new"
        fresh.unlink(missing_ok=True)
        fresh.write_text(json.dumps(library, indent=1) + "\n", encoding="utf-8")
        fresh.chmod(0o644)
        fresh.replace(self.folder / "library.json")
