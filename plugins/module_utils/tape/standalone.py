"""A drive without a changer: people load it, by the list that they were given."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.console import Console, word
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import ChangerFailed, CommandRefused
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

_SECONDS = 600


@dataclass(frozen=True)
class StandaloneDrive:
    """One drive, by its storage resource."""

    settings: TapeSettings
    storage: str

    @property
    def _console(self) -> Console:
        if self.storage not in self.settings.standalone:
            raise CommandRefused(f"{self.storage} is no stand-alone drive of these settings")
        return Console(self.settings, "library")

    def label(self, barcode: str, pool: str) -> None:
        """Write a label on the new tape that is in the drive."""
        said = self._console.run(
            f"label storage={self.storage} volume={word(barcode)} pool={word(pool)} slot=0 drive=0", seconds=_SECONDS
        )
        if "successfully created" not in said:
            raise CommandRefused(f"not labelled: {barcode}: {_last(said)}")

    def mount(self) -> None:
        """Tell the storage daemon that a tape was put in; a job that waits for it goes on."""
        said = self._console.run(f"mount storage={self.storage} drive=0 slot=0", seconds=_SECONDS)
        if not re.search(r"^3001 ", said, re.MULTILINE):
            raise ChangerFailed(f"{self.storage}: the tape is not mounted: {_last(said)}")

    def unmount(self) -> None:
        """Let go of the tape, so that a person can take it out."""
        said = self._console.run(f"unmount storage={self.storage} drive=0 slot=0", seconds=_SECONDS)
        if not re.search(r"^3002 |already unmounted", said, re.MULTILINE):
            raise ChangerFailed(f"{self.storage}: the tape is not released: {_last(said)}")


def _last(said: str) -> str:
    return " | ".join([line.strip() for line in said.splitlines() if line.strip()][-3:])
