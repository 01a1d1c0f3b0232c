"""What the guest of a drill is told, does and says: the program runs here in a folder of its own as it would there."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.kyotsu.platform.plugins.module_utils.restore.drill_guest import (
    REPORT,
    GuestReport,
    NoReport,
    drill_options,
    read_report,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.state import FirstBoot, FirstBootNetwork

BOOT = FirstBoot(
    hostname="s13-db01",
    networks=(
        FirstBootNetwork(
            mac="00:50:56:12:00:32", address="198.18.0.50/24", gateway="198.18.0.1", dns_servers=("198.18.0.2",)
        ),
    ),
    mounts=("/", "/srv/data"),
)
IDENTITY = "drill-1-s13-db-1"


def told(**fields: Any) -> dict[str, str]:
    usual: dict[str, Any] = {"stop": ["cron"], "targets": [("198.18.0.1", 443)], "seconds": 60}
    return drill_options(BOOT, IDENTITY, **{**usual, **fields})


def decoded(options: dict[str, str], name: str) -> Any:
    text = base64.b64decode(options[f"guestinfo.{name}"]).decode()
    return json.loads(text.removeprefix("#cloud-config\n"))


def test_the_guest_keeps_name_and_addresses_and_gets_a_new_identity() -> None:
    metadata = decoded(told(), "metadata")
    assert (metadata["instance-id"], metadata["local-hostname"]) == (IDENTITY, "s13-db01")
    assert metadata["network"]["ethernets"]["nic0"]["addresses"] == ["198.18.0.50/24"]
    assert told()["guestinfo.kyotsu.disk1"] == "/srv/data"


def test_batch_is_stopped_early_and_nobody_is_let_in() -> None:
    data = decoded(told(), "userdata")
    (early,) = data["bootcmd"]
    assert early[:2] == ["python3", "-c"]
    assert early[-1] == "early"
    assert "users" not in data


def report(**fields: Any) -> dict[str, str]:
    usual = {
        "id": IDENTITY,
        "stopped": ["cron"],
        "timers": 0,
        "running": [],
        "tried": ["198.18.0.1:443"],
        "reached": [],
        "health": 0,
        "text": "OK",
    }
    return {REPORT: base64.b64encode(json.dumps({**usual, **fields}).encode()).decode()}


def read(**fields: Any) -> GuestReport:
    found = read_report(report(**fields), IDENTITY)
    assert found is not None
    return found


def test_a_healthy_closed_quiet_machine_has_passed() -> None:
    assert read().problems == []
    assert read_report({}, IDENTITY) is None


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"running": ["cron"]}, "runs although it was to be stopped: cron"),
        ({"reached": ["198.18.0.1:443"]}, "could be reached from the closed network: 198.18.0.1:443"),
        ({"tried": []}, "the closed network is not proven"),
        ({"health": 1, "text": "FAIL"}, "health check says 1: FAIL"),
    ],
)
def test_whatever_is_not_as_it_should_be_fails_the_drill(fields: dict[str, Any], text: str) -> None:
    assert [each for each in read(**fields).problems if text in each]


def test_the_report_of_another_drill_and_rubbish_are_refused() -> None:
    with pytest.raises(NoReport, match="another drill"):
        read_report(report(id="drill-0-s13-db-1"), IDENTITY)
    with pytest.raises(NoReport, match="cannot be read"):
        read_report({REPORT: "no base64!"}, IDENTITY)


def test_the_program_tells_what_it_found(tmp_path: Path) -> None:
    """It really runs, with a health check and a tool of this test; a listening port is a way out that it must find."""
    with listening() as port:
        said = run_agent(tmp_path, targets=[("127.0.0.1", port), ("127.0.0.1", 1)], health="echo OK all well")
    found = read_report({REPORT: said.split()[-1]}, IDENTITY)
    assert found is not None
    assert (found.health, found.text) == (0, "OK all well")
    # A refusal is an answer too: somebody is there.
    assert found.reached == (f"127.0.0.1:{port}", "127.0.0.1:1")


def test_a_machine_without_a_health_check_does_not_pass(tmp_path: Path) -> None:
    said = run_agent(tmp_path, targets=[("nowhere.invalid", 443)], health=None, seconds=1)
    found = read_report({REPORT: said.split()[-1]}, IDENTITY)
    assert found is not None
    assert (found.health, found.reached) == (2, ())
    assert any("no kyotsu-health" in each for each in found.problems)


def run_agent(folder: Path, *, health: str | None, targets: list[tuple[str, int]], seconds: int = 20) -> str:
    """Run what runcmd runs, with a PATH of its own, and give the last thing that it told."""
    tools = folder / "bin"
    tools.mkdir()
    said = folder / "said"
    program(tools / "vmware-rpctool", f'echo "$1" >> {said}')
    if health is not None:
        program(tools / "kyotsu-health", health)
    (command,) = decoded(told(targets=targets, stop=["no-such-service"], seconds=seconds), "userdata")["runcmd"]
    environment = {**os.environ, "PATH": f"{tools}:/usr/bin:/bin"}
    subprocess.run([sys.executable, *command[1:]], env=environment, check=True, timeout=30)
    deadline = time.monotonic() + 30
    while not said.exists() or not said.read_text(encoding="utf-8").endswith("\n"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return said.read_text(encoding="utf-8")


def program(path: Path, line: str) -> None:
    path.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
    path.chmod(0o755)


class listening:  # noqa: N801  # reads as a verb: `with listening() as port` (2026-11-24)
    """A port on which something listens."""

    def __enter__(self) -> int:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        return int(self._socket.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._socket.close()
