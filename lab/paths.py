"""Where a lab keeps its state: everything below `.lab/<name>/`."""

import re
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError

REPOSITORY = Path(__file__).resolve().parents[1]
STATE_ROOT = REPOSITORY / ".lab"
TOOLS = REPOSITORY / ".tools"

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class LabPaths:
    """The folder of one lab and the places in it."""

    name: str
    root: Path

    @property
    def state_file(self) -> Path:
        """lab.json: what clients need to reach the lab."""
        return self.root / "lab.json"

    @property
    def lock_file(self) -> Path:
        """Held while a command changes the lab. It stands beside the folder, which lab-down removes."""
        return self.root.parent / f".{self.name}.lock"

    @property
    def ca_file(self) -> Path:
        """The certificate that every client verifies against."""
        return self.root / "ca" / "ca.pem"

    @property
    def secrets(self) -> Path:
        """Generated passwords, one file each, mode 0600."""
        return self.root / "secrets"

    def vcenter(self, vcenter: str) -> Path:
        """The folder of one simulator process."""
        return self.root / "vcenters" / vcenter

    def datastore(self, vcenter: str, datastore: str) -> Path:
        """The folder that backs a datastore."""
        return self.root / "datastores" / vcenter / datastore


def lab_paths(name: str, state_root: Path = STATE_ROOT) -> LabPaths:
    """Give the paths of the lab called `name`; raise LabError if the name is not one."""
    if not _NAME.fullmatch(name):
        raise LabError(f"lab name {name!r}: use small letters, digits and hyphens, at most 31")
    return LabPaths(name=name, root=(state_root / name).resolve())
