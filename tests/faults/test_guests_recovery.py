"""Kill everything, run make lab-up again: the same machines with the same files, and nothing is left over."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from tests.support.guest_lab import GuestLab, guest_lab, leftovers, machine, needs_guests, wait_until
from tests.support.vcenter_lab import VCENTER, session_of

pytestmark = needs_guests


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGKILL)


def world(lab: GuestLab) -> dict[str, tuple[str, str]]:
    with session_of(lab.lab) as session:
        return {each.name: (each.reference, each.instance_uuid) for each in lab.lab.read(session).machines}


def mounts_of(lab: GuestLab) -> int:
    pid = lab.guests.process.pid()
    text = Path(f"/proc/{pid}/mountinfo").read_text(encoding="utf-8")
    return text.count(str(lab.guests.paths.mounts))


def test_kill_of_everything_and_lab_down(tmp_path: Path) -> None:
    with guest_lab(tmp_path, "guests-recovery") as lab:
        lab.make(machine("r-db01", "198.18.0.50"), machine("r-ap01", "198.18.0.51"))
        lab.say("r-db01", "echo before | sudo tee /srv/data/file /root/file; sync")
        before, mounts = world(lab), mounts_of(lab)
        keys = lab.guests.known_hosts.read_text(encoding="utf-8")
        running = lab.entry("r-db01")["pid"]

        # The simulator and the manager: guests go on and are taken over.
        lab.lab.laboratory.process(VCENTER).kill()
        kill(lab.guests.process.pid())
        lab.up()
        assert world(lab) == before
        assert lab.entry("r-db01")["pid"] == running
        assert lab.say("r-db01", "sudo cat /srv/data/file /root/file").split() == ["before", "before"]
        assert mounts_of(lab) == mounts

        # The guests too: they boot again, with their files and their keys.
        lab.lab.laboratory.process(VCENTER).kill()
        kill(lab.guests.process.pid())
        for name in ("r-db01", "r-ap01"):
            state = lab.guests.paths.runtime / f"{VCENTER}-{before[name][0]}" / "state.json"
            assert state.exists()
        kill(running)
        lab.up()
        assert world(lab) == before
        assert lab.entry("r-db01")["pid"] not in (None, running)
        wait_until(lambda: lab.answers("r-db01"), "it has booted again")
        assert lab.say("r-db01", "sudo cat /srv/data/file /root/file").split() == ["before", "before"]
        assert lab.guests.known_hosts.read_text(encoding="utf-8") == keys
        assert mounts_of(lab) == mounts

        # Stop keeps the disks, down nothing.
        lab.lab.laboratory.stop(say=lambda _text: None)
        assert leftovers(lab.lab.laboratory) == []
        lab.up()
        wait_until(lambda: lab.answers("r-ap01"), "it has booted again")
        assert lab.say("r-db01", "sudo cat /srv/data/file") == "before"
        lab.lab.laboratory.down(say=lambda _text: None)
        assert leftovers(lab.lab.laboratory) == []
        assert list(tmp_path.iterdir()) == []
