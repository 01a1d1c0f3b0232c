"""What can go wrong with the tape software. A message is one line that says what to do; it never holds a password."""

from __future__ import annotations


class TapeError(Exception):
    """Anything that the tape software, or the way to it, refused."""


class DirectorUnreachable(TapeError):
    """The director does not answer, or refuses the console."""


class ConsoleTimeout(TapeError):
    """The director answers, and did not finish a command in time. `said`: what it had said until then."""

    def __init__(self, message: str, said: str = "") -> None:
        super().__init__(message)
        self.said = said


class CommandRefused(TapeError):
    """The console may not run the command, or the director refused it."""


class CatalogueUnreachable(TapeError):
    """The catalogue's database does not answer."""


class ClientUnreachable(TapeError):
    """A client, which reads, encrypts and writes, does not answer the director."""


class StorageUnreachable(TapeError):
    """The storage daemon has died or does not answer; what it did is lost."""


class ChangerFailed(TapeError):
    """The robot refused a movement."""


class JobFailed(TapeError):
    """A job did not end well; `str` tells the job, its status and what its log says."""


class SettingsMissing(TapeError):
    """The file that tells how to reach the tape software is not there or not complete."""
