"""The commands of lab.py.

`build` must run with a bare Python, before .venv is there: what needs packages is imported by the commands that use it.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lab.errors import LabError
from lab.paths import REPOSITORY, STATE_ROOT
from lab.toolchain import check_sources, ensure_simulator

if TYPE_CHECKING:
    from ansible_collections.kyotsu.platform.plugins.module_utils.model.estate import Estate
    from lab.guests.process import Guests
    from lab.laboratory import Laboratory, ProcessStatus
    from lab.mirror.repository import Mirror

EXIT_FAILED = 1
EXIT_NOT_RUNNING = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lab.py", description="Control the lab's vCenters.")
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--lab", default=os.environ.get("KYOTSU_LAB", "default"), help="name of the lab")
    common.add_argument("--state-root", type=Path, default=STATE_ROOT, help="folder of all labs (default: .lab)")
    commands = parser.add_subparsers(required=True, metavar="command")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, parents=[common], help=text, description=text)
        sub.set_defaults(run=run)
        return sub

    command("build", _build, "build the simulator")
    command("image", _image, "build the guests' image and the mirror's content")
    command("check-sources", _check_sources, "gofmt, go vet and go test over the simulator")
    up = command("up", _up, "start the lab, or what is missing of it")
    up.add_argument("--world", type=Path, help="JSON file with hosts and datastores (default: from platform/)")
    up.add_argument(
        "--guests",
        choices=("none", "some", "all"),
        help="which Linux machines boot when switched on (default: GUESTS, else as the last time, at first some)",
    )
    up.add_argument(
        "--tape",
        choices=("no", "yes"),
        help="the tape library and its software (default: TAPE, else as the last time, at first no)",
    )
    command("status", _status, "list processes; exit 3 if one does not run")
    ssh = command("ssh", _ssh, "log in to a guest, or run a command in it")
    ssh.add_argument("host", help="name of a machine")
    ssh.add_argument("words", nargs=argparse.REMAINDER, metavar="command", help="command to run instead of a shell")
    promote = command("promote", _promote, "give a wave the approved content of a round, in the order of the waves")
    promote.add_argument("wave", help="id of a wave of platform/patching.yml")
    promote.add_argument("--round", required=True, metavar="YYYY-MM", help="its file under patches/ says the content")
    promote.add_argument("--segment", action="append", help="only on this mirror; may be repeated (default: all)")
    manifests = command("manifests", _manifests, "write into a round which manifest each mirror of this lab serves")
    manifests.add_argument("--round", required=True, metavar="YYYY-MM", help="its file under patches/ is changed")
    command("stop", _stop, "end the processes, keep the world")
    command("down", _down, "end the processes and remove everything")
    command("env", _env, "print shell variables for this lab")
    return parser


def _laboratory(options: argparse.Namespace) -> Laboratory:
    from lab.laboratory import Laboratory

    return Laboratory(options.lab, options.state_root)


def _build(_options: argparse.Namespace) -> int:
    print(ensure_simulator())
    return 0


def _image(_options: argparse.Namespace) -> int:
    from lab.guests.image import ensure_image
    from lab.guests.requirements import missing

    lacking = missing()
    if lacking:
        print("\n  ".join(["no image is made, since guests cannot run on this machine:", *lacking]))
        return 0
    print(ensure_image())
    return 0


def _check_sources(_options: argparse.Namespace) -> int:
    check_sources()
    print("the simulator's sources are clean")
    return 0


def _up(options: argparse.Namespace) -> int:
    from lab.guests.plan import plan
    from lab.guests.requirements import missing
    from lab.tape.agents import agents_of
    from lab.world import build_world

    world = build_world(REPOSITORY) if options.world is None else _read_world(options.world)
    laboratory = _laboratory(options)
    choice = options.guests or os.environ.get("GUESTS") or laboratory.state().get("guests", "some")
    guests = plan(REPOSITORY, choice)
    lacking = missing() if guests else []
    if lacking:
        print(
            "\n  ".join(["the lab runs without guests (machines are records only), since this is missing:", *lacking])
        )
        guests = None
    laboratory.up(world, guests=guests, estate=_estate() if guests else None)
    tape = options.tape or os.environ.get("TAPE") or laboratory.state().get("tape", "no")
    if tape == "yes":
        laboratory.tape.up(agents=agents_of(_estate()) if guests else ())
    elif laboratory.tape.stop():
        print("stopped tape")
    laboratory.remember(guests=choice, guests_lack=lacking, tape=tape)
    return 0


def _estate() -> Estate:
    from ansible_collections.kyotsu.platform.plugins.module_utils.findings import InvalidEstate
    from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate

    try:
        return load_estate(REPOSITORY).estate
    except InvalidEstate as error:
        raise LabError(f"names and packages are those of a valid estate; run make validate\n{error}") from error


def _read_world(path: Path) -> dict[str, Any]:
    try:
        world = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise LabError(f"{path}: {error}") from error
    if not isinstance(world, dict) or not isinstance(world.get("vcenters"), dict):
        raise LabError(f"{path}: an object with the key vcenters is expected; see lab/README.md")
    return world


def _status(options: argparse.Namespace) -> int:
    statuses = _laboratory(options).status()
    if not statuses:
        print(f"lab {options.lab} is not there; run make lab-up")
        return EXIT_NOT_RUNNING
    print(f"{'vcenter':<14}{'pid':>8}{'port':>7}{'memory':>9}{'hosts':>7}{'VMs':>7}{'journal':>10}  log")
    for status in statuses:
        print(_line(status))
    guests_run = _print_guests(_laboratory(options).guests, _laboratory(options).state().get("guests_lack", []))
    services_run = _print_services(_laboratory(options))
    all_run = [guests_run, services_run, _print_tape(_laboratory(options)), *(status.pid for status in statuses)]
    return 0 if all(all_run) else EXIT_NOT_RUNNING


def _print_tape(laboratory: Laboratory) -> bool:
    """One line per process of the tape software; give whether all is well."""
    if laboratory.state().get("tape") != "yes":
        print("\ntape: none (make lab-up TAPE=yes)")
        return True
    statuses = laboratory.tape.status()
    print(f"\ntape: {len(laboratory.tape.library.read()['cartridges'])} cartridges, {laboratory.tape.paths.library}")
    for status in statuses:
        port = f"port {status.port}" if status.port else "socket"
        print(f"{status.name:<14}{status.pid or 'stopped':>8}  {port:<12}{status.log_file}")
    return all(status.pid for status in statuses)


def _print_guests(guests: Guests, lacking: Sequence[str]) -> bool:
    """One line per machine that the guest manager knows, or what keeps guests away; give whether all is well."""
    if not guests.paths.settings_file.exists():
        print("\n  ".join(["\nguests: none" if lacking else "\nguests: none (make lab-up GUESTS=some)", *lacking]))
        return True
    pid = guests.process.pid()
    if pid is None:
        print(f"\nguests: their manager does not run, see {guests.process.log_file}; make lab-up starts it")
        return False
    entries = guests.client.guests()
    running = [each for each in entries if each["pid"]]
    memory = sum(each["memory_bytes"] for each in running)
    print(
        f"\nguests: {len(running)} run, {_megabytes(memory)} of memory, network {guests.namespace}, manager pid {pid}"
    )
    for each in entries:
        if not each["reason"]:
            state = f"pid {each['pid']}" if each["pid"] else "off"
            print(f"{each['name']:<32}{', '.join(each['addresses']):<22}{_megabytes(each['memory_bytes']):>9}  {state}")
    for reason, count in Counter(each["reason"] for each in entries if each["reason"]).items():
        print(f"{count} machines: {reason}")
    return True


def _print_services(laboratory: Laboratory) -> bool:
    """One line per mirror and name server; give whether all run that should."""
    statuses = laboratory.service_status()
    if statuses:
        print(f"\n{'service':<14}{'segment':<12}{'address':<18}{'pid':>8}")
    for status in statuses:
        state = status.pid or ("machine off" if status.machine_off else "stopped")
        print(f"{status.name:<14}{status.segment:<12}{status.address:<18}{state:>8}")
    return all(status.pid or status.machine_off for status in statuses)


def _line(status: ProcessStatus) -> str:
    hosts, machines = (str(status.objects.get(kind, "-")) for kind in ("HostSystem", "VirtualMachine"))
    return (
        f"{status.vcenter:<14}{status.pid or 'stopped':>8}{status.port:>7}{_megabytes(status.resident_bytes):>9}"
        f"{hosts:>7}{machines:>7}{_megabytes(status.journal_bytes):>10}  {status.log_file}"
    )


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} MB"


def _ssh(options: argparse.Namespace) -> int:
    from lab.guests.ssh import ssh_command

    command = ssh_command(_laboratory(options).guests, options.host, options.words)
    os.execvp(command[0], command)  # noqa: S606  # ssh takes the terminal; a list, no shell


def _promote(options: argparse.Namespace) -> int:
    from lab.mirror.promotion import promote_round

    estate = _estate()
    mirrors = _mirrors(options, estate, options.segment)
    for line in promote_round(REPOSITORY, estate, mirrors, options.round, options.wave):
        print(line)
    return 0


def _manifests(options: argparse.Namespace) -> int:
    from lab.mirror.round_manifests import write_manifests

    estate = _estate()
    for segment, digest in sorted(
        write_manifests(REPOSITORY, estate, _mirrors(options, estate), options.round).items()
    ):
        print(f"{segment}: {digest}")
    print(f"patches/{options.round}.yml has them now. They are of this lab: leave them out of a commit")
    return 0


def _mirrors(options: argparse.Namespace, estate: Estate, segments: Sequence[str] | None = None) -> list[Mirror]:
    from lab.mirror.repository import Mirror, mirror_addresses

    chosen = segments or sorted(mirror_addresses(estate))
    mirrors = [Mirror(_laboratory(options).paths, segment) for segment in chosen]
    lacking = [mirror.segment for mirror in mirrors if not mirror.root.is_dir()]
    if lacking:
        raise LabError(f"lab {options.lab} has no mirror of {', '.join(lacking)}: make lab-up GUESTS=some")
    return mirrors


def _stop(options: argparse.Namespace) -> int:
    _laboratory(options).stop()
    return 0


def _down(options: argparse.Namespace) -> int:
    _laboratory(options).down()
    return 0


def _env(options: argparse.Namespace) -> int:
    laboratory = _laboratory(options)
    state = laboratory.state()
    if not state:
        print(f"lab {options.lab} is not there; run make lab-up", file=sys.stderr)
        return EXIT_NOT_RUNNING
    variables = {
        "KYOTSU_LAB": laboratory.paths.name,
        "KYOTSU_LAB_FILE": str(laboratory.paths.state_file),
        "KYOTSU_LAB_CA_FILE": state["ca_file"],
    }
    for name, value in variables.items():
        print(f"export {name}={shlex.quote(value)}")
    return 0
