"""What can go wrong with a vCenter.

A message is one line that names the vCenter and says what to do. It never holds a password.
"""

from __future__ import annotations

# The way to a host broke: what was asked for may have been done all the same.
UNSURE_KINDS = frozenset({"HostCommunication", "HostNotReachable", "VimFaultTimedout", "Timedout", "ConnectionReset"})
# Faults after which the same call can succeed a little later: another task holds the object, or a host was away.
TRANSIENT_KINDS = frozenset({"TaskInProgress", "ResourceInUse", "ConcurrentAccess", "FileLocked"}) | UNSURE_KINDS


class VCenterError(Exception):
    """Anything that a vCenter, or the way to it, refused."""


class Unreachable(VCenterError):
    """Nothing answers at the address, or what answers is no vCenter, or it answers too late."""


class CertificateRefused(VCenterError):
    """The vCenter's certificate is not signed by the authority that we trust, or does not name its host."""


class LoginRefused(VCenterError):
    """The vCenter knows no such user and password."""


class PermissionRefused(VCenterError):
    """The user is known and lacks a privilege."""


class SessionLost(VCenterError):
    """The session ended and logging in again did not help."""


class Fault(VCenterError):
    """A call that vCenter refused. `kind` is the fault's type (`NoDiskSpace`), `text` what vCenter said about it."""

    def __init__(self, where: str, kind: str, text: str) -> None:
        self.where = where
        self.kind = kind
        self.text = text
        super().__init__(f"{where}: {self.summary}")

    @property
    def summary(self) -> str:
        """The fault in one line, without the vCenter's name."""
        return fault_summary(self.kind, self.text)

    @property
    def transient(self) -> bool:
        """Whether the same call may succeed a little later."""
        return self.kind in TRANSIENT_KINDS

    @property
    def unsure(self) -> bool:
        """Whether the call may have had its effect although it failed."""
        return self.kind in UNSURE_KINDS


def fault_summary(kind: str, text: str) -> str:
    """Kind and text of a fault as one line; what the simulator puts in place of a text (Go types) is left out."""
    clean = " ".join(text.split())
    if not clean or clean in (kind, f"*types.{kind}"):
        return f"fault {kind}"
    return f"fault {kind}: {clean}"


def message_of(error: Exception) -> str:
    """One line for a result about one object: a fault without the vCenter's name, anything else with its type."""
    if isinstance(error, Fault):
        return error.summary
    if isinstance(error, VCenterError):
        return str(error)
    return f"unexpected {type(error).__name__}: {' '.join(str(error).split())}"
