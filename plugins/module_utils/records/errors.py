"""Errors of the records store; each message is one line and says what to do."""

from __future__ import annotations


class RecordsError(Exception):
    """Anything that the records store refuses or cannot do."""


class StoreRefusedError(RecordsError):
    """The URL, the file or the version of the database is not acceptable."""


class NoRecordsError(StoreRefusedError):
    """There is no SQLite file yet, and who opened it must not make one."""


class StoreUnreachableError(RecordsError):
    """The database does not answer or answers with an error."""


class SecretRefusedError(RecordsError):
    """A record holds something that looks like a secret."""


class InvalidRecordError(RecordsError):
    """A record has a value that cannot be kept: not JSON, a control character, a time without zone."""


class ChainBrokenError(RecordsError):
    """A record does not match the hash chain."""


class UnknownPlanError(RecordsError):
    """No plan with this digest is in the store."""


class PlanConflictError(RecordsError):
    """The same digest was saved before with another content."""


class ApplyStateError(RecordsError):
    """The apply does not exist or is finished already."""


class RestoreStateError(RecordsError):
    """The restore does not exist or has ended already."""


class LockHeldError(RecordsError):
    """Another run holds the lock."""


class LockLostError(RecordsError):
    """This run no longer holds its lock; it must stop changing things."""


class ClockSkewError(RecordsError):
    """The clocks of this controller and of the database differ too much for leases."""
