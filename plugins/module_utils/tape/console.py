"""bconsole on its standard input: commands in, text out, typed errors."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import (
    ClientUnreachable,
    CommandRefused,
    ConsoleTimeout,
    DirectorUnreachable,
    TapeError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

_READY = re.compile(r"^1000 OK", re.MULTILINE)
_QUEUED = re.compile(r"^Job queued\. JobId=(\d+)", re.MULTILINE)
_AT_STORAGE = re.compile(r"^(?:Writing|Reading): .*? JobId=(\d+) .*?Bytes=([\d,]+)", re.MULTILINE | re.DOTALL)
_WRITING = re.compile(r'^Writing: .*? JobId=(\d+) Volume="([^"]+)"', re.MULTILINE)
_VERSION = re.compile(r"Version: (\d[\d.]*)")
_DEVICE = re.compile(r"^\s+(Device is (?!being|mounted|not open).+|Device is being .+|.*BLOCKED.+)$", re.MULTILINE)
_STARTED = re.compile(r"^started_epoch=(\d+)", re.MULTILINE)
_INVALID = re.compile(r"^(.*): is an invalid command\.", re.MULTILINE)
# A command that comes back to a question has been misunderstood: the next line would be taken as its answer.
_WORD = re.compile(r"[^\s\"'\\]+")


@dataclass(frozen=True)
class Console:
    """One of the consoles of the settings: automation, library, release, operator."""

    settings: TapeSettings
    name: str = "automation"

    def run(self, *commands: str, seconds: float = 60) -> str:
        """Run commands in one session and give everything that was said after the greeting.

        Raises DirectorUnreachable, ConsoleTimeout, CommandRefused.
        """
        for command in commands:
            if not command.isprintable():
                raise CommandRefused(f"console {self.name}: a command is one printable line")
        try:
            done = subprocess.run(
                [self.settings.program("bconsole"), "-n", "-u", "10", "-c", self.settings.consoles[self.name]],
                input="\n".join([*commands, "quit", ""]),
                env=self.settings.environment(),
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=seconds,
            )
        except subprocess.TimeoutExpired as error:
            raise ConsoleTimeout(
                f"console {self.name}: {commands[0].split()[0]} has not ended after {seconds:.0f} s",
                # In bytes, though text was asked for: the process was killed before anything was decoded.
                (error.stdout or b"").decode(errors="replace"),
            ) from error
        except KeyError as error:
            raise CommandRefused(f"there is no console {self.name}") from error
        greeting = _READY.search(done.stdout)
        if greeting is None:
            said = " ".join((done.stdout + done.stderr).split())[-200:]
            raise DirectorUnreachable(f"console {self.name}: the director does not answer ({said}); is it running?")
        said = done.stdout[greeting.end() :]
        if invalid := _INVALID.search(said):
            raise CommandRefused(f"console {self.name} may not run: {invalid.group(1)}")
        return said

    def queue(self, command: str, seconds: float = 60) -> int:
        """Run a `run` or `restore` command and give the job's id. CommandRefused if no job was queued."""
        try:
            said = self.run(command, seconds=seconds)
        except ConsoleTimeout as error:
            # On a loaded machine the director queued a job and did not end the session (seen once). The job is there,
            # and without its number nobody would wait for it.
            said = error.said
            if not _QUEUED.search(said):
                raise
        queued = _QUEUED.search(said)
        if queued is None:
            lines = [line for line in said.splitlines() if line.strip() and line.strip() not in {command, "quit"}]
            raise CommandRefused(f"{command}: no job was queued: {' | '.join(lines[-4:])}")
        return int(queued.group(1))

    def running(self) -> dict[int, str]:
        """What the director says of each job that has not ended: job id -> text, "is waiting on Storage …"."""
        found = {}
        for line in self.run(".status dir running").splitlines():
            words = line.split(maxsplit=6)
            if len(words) > 6 and words[0].isdigit():
                found[int(words[0])] = words[6]
        return found

    def moved(self) -> tuple[dict[int, int], str]:
        """Bytes that each running job has moved at the storage daemon, and what its devices say that they wait for.

        The director calls a job running while the storage daemon tries in vain to open a tape.
        """
        said = self.run(f"status storage={self.settings.library.storage}")
        jobs = {int(job): int(size.replace(",", "")) for job, size in _AT_STORAGE.findall(said)}
        return jobs, "; ".join(dict.fromkeys(line.strip() for line in _DEVICE.findall(said)))

    def version(self) -> str:
        """The version of the director, as it says it: "9.6.7"."""
        found = _VERSION.search(self.run("version"))
        return found.group(1) if found else "unknown"

    def writing(self) -> dict[int, str]:
        """The tape that each running backup writes to now: job id -> barcode."""
        said = self.run(f"status storage={self.settings.library.storage}")
        return {int(job): volume for job, volume in _WRITING.findall(said)}

    def client_started(self, client: str) -> int:
        """When a client was started, in seconds of the epoch, as it says itself; ClientUnreachable if it is silent."""
        found = _STARTED.search(self.run(f".status client={word(client)} header"))
        if found is None:
            raise ClientUnreachable(f"client {client} does not answer the director: start it")
        return int(found.group(1))

    def cancel(self, job_id: int) -> None:
        """Cancel a job; one that has ended already is fine."""
        self.run(f"cancel jobid={job_id} yes")


def word(value: str) -> str:
    """A value as it may stand in a console command. TapeError if it could end the word that it is in."""
    if not _WORD.fullmatch(value):
        raise TapeError(f"{value!r} cannot stand in a console command")
    return value
