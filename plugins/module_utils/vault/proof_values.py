"""What a read-back showed, of disks or of files."""

from __future__ import annotations

from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.custody.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Proof:
    """What a read-back showed. `job_id`: the job that read; `why`: what is wrong, "" if it is good.

    `differs`: the tape was read well, and a file on it is not what the list says, since it was written to meanwhile.
    """

    job_id: int
    why: str
    manifest: Manifest | None = None
    differs: bool = False

    @property
    def good(self) -> bool:
        """Every stream came back as the manifest says, and the manifest is the one of the records; so every file."""
        return not self.why
