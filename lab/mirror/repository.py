"""The mirror of one segment in one lab: snapshots signed by the segment's key, and channels that point to them.

```
.lab/<name>/mirror/<segment>/www/         what is served
    kyotsu-archive-keyring.asc            public key
    snapshots/<snapshot>/                 dists/, pool/, manifest.json; never changed once made
    channels/<wave> -> ../snapshots/<…>   what the machines of a wave get; a promotion moves it
.lab/<name>/mirror/<segment>/promotions.json
.lab/<name>/secrets/mirror-<segment>.key
```
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
from lab.errors import LabError
from lab.files import locked, read_json, write_json
from lab.mirror.content import BASELINE, PackageEntry, read_manifest
from lab.mirror.keys import ensure_key, sign
from lab.paths import LabPaths


@dataclass(frozen=True)
class Mirror:
    """The mirror of one segment."""

    lab: LabPaths
    segment: str

    @property
    def folder(self) -> Path:
        """The folder of this mirror."""
        return self.lab.root / "mirror" / self.segment

    @property
    def root(self) -> Path:
        """What is served, and nothing else."""
        return self.folder / "www"

    @property
    def key_file(self) -> Path:
        """The public key, ASCII-armoured: guests trust the mirror by it."""
        return self.root / "kyotsu-archive-keyring.asc"

    @property
    def private_key_file(self) -> Path:
        """The private key; it never leaves the lab's secrets."""
        return self.lab.secrets / f"mirror-{self.segment}.key"

    def ensure(self, content: Path, channels: Iterable[str]) -> None:
        """Make key, snapshots and channels that are missing; a new channel starts at the baseline."""
        with locked(self.folder / "lock"):
            ensure_key(self.private_key_file, self.key_file, f"Kyotsu lab mirror {self.segment}")
            for source in sorted(path for path in content.iterdir() if path.is_dir()):
                self._ensure_snapshot(source)
            for channel in channels:
                if not (self._channels / channel).is_symlink():
                    self._point(channel, BASELINE)

    def snapshots(self) -> list[str]:
        """Names of the snapshots, in the order of their names."""
        return sorted(path.name for path in self._snapshots.glob("[!.]*"))

    def manifest(self, snapshot: str) -> dict[str, PackageEntry]:
        """Package -> what the snapshot has of it."""
        return read_manifest(self._snapshot(snapshot))

    def channels(self) -> dict[str, str]:
        """Channel -> the snapshot that it gives."""
        return {path.name: path.readlink().name for path in sorted(self._channels.glob("[!.]*"))}

    def promote(self, channel: str, snapshot: str, approved_by: str) -> None:
        """Let a channel give a snapshot from now on, in one step; kept in promotions.json with time and approver."""
        self._snapshot(snapshot)
        if channel not in self.channels():
            raise LabError(f"mirror {self.segment} has no channel {channel}: {', '.join(self.channels())}")
        with locked(self.folder / "lock"):
            before = self.channels()[channel]
            self._point(channel, snapshot)
            history: list[Any] = self.promotions()
            history.append(
                {
                    "at": datetime.now(UTC).isoformat(timespec="seconds"),
                    "channel": channel,
                    "from": before,
                    "to": snapshot,
                    "approved_by": approved_by,
                }
            )
            write_json(self.folder / "promotions.json", {"promotions": history})

    def promotions(self) -> list[dict[str, str]]:
        """Every promotion, in the order in which they were made."""
        return list(read_json(self.folder / "promotions.json").get("promotions", []))

    @property
    def _snapshots(self) -> Path:
        return self.root / "snapshots"

    @property
    def _channels(self) -> Path:
        return self.root / "channels"

    def _snapshot(self, name: str) -> Path:
        if name not in self.snapshots():
            raise LabError(f"mirror {self.segment} has no snapshot {name}: {', '.join(self.snapshots())}")
        return self._snapshots / name

    def _ensure_snapshot(self, source: Path) -> None:
        target = self._snapshots / source.name
        if target.exists():
            return
        fresh = self._snapshots / f".{source.name}.new"
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(source, fresh, copy_function=_link_or_copy)
        sign(self.private_key_file, sorted(fresh.glob("dists/*/Release")))
        fresh.rename(target)

    def _point(self, channel: str, snapshot: str) -> None:
        self._channels.mkdir(parents=True, exist_ok=True)
        fresh = self._channels / f".{channel}.new"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(Path("..") / "snapshots" / snapshot)
        fresh.replace(self._channels / channel)


def mirror_addresses(estate: Estate) -> dict[str, str]:
    """Segment -> address at which its mirror answers: that of the platform's machine of role mirror."""
    return {
        system.segment: machine.nics[0].address
        for system, machine in estate.machines()
        if system.kind == "platform" and machine.role == "mirror"
    }


def _link_or_copy(source: str, target: str) -> None:
    """The content of all labs is one: hard links where the file system allows."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
