"""Callback plugin: a --limit that leaves nothing to work on is an error, not a green run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: limit
type: aggregate
short_description: End with an error if C(--limit) leaves the first play of a playbook without a host
description:
  - Where a limit matches no host at all, Ansible ends with an error. Where it matches one that the play is not about (a
    Windows server and C(baseline), C(localhost) and C(patch)), Ansible says "no hosts matched" and exits with 0, and a
    timer or a person takes that for done.
  - No task can ask for this, since a play without hosts has no task, and one on localhost is under the same limit.
  - Only the first play counts. Those behind it may be over groups that the first one makes, and these may be empty.
author:
  - Kyotsu platform team
"""

from typing import Any, NoReturn

from ansible import context
from ansible.plugins.callback import CallbackBase

# As Ansible itself exits where a limit matches no host at all.
GENERIC_ERROR = 1


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible ships no types (2026-11-24)
    """kyotsu.platform.limit."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kyotsu.platform.limit"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._first: Any = None
        self._play: Any = None

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Remember the first play."""
        plays = playbook.get_plays()
        self._first = plays[0] if plays else None

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Remember of which play the next event tells."""
        self._play = play

    def v2_playbook_on_no_hosts_matched(self) -> None:
        """End the run, if it was the limit that left nothing of the first play."""
        limit = context.CLIARGS.get("subset")
        if limit and self._play is self._first:
            self._refuse(limit, self._play.hosts)

    def _refuse(self, limit: str, hosts: list[str] | str) -> NoReturn:
        """Ansible makes a warning of every error of a callback; only the end of the process gets past that."""
        pattern = hosts if isinstance(hosts, str) else ",".join(hosts)
        self._display.error(
            f"--limit {limit}: it has no host that this playbook is about ({pattern}), so nothing was done. "
            "`ansible-inventory --graph` shows the groups and their hosts; without --limit the playbook is about all."
        )
        raise SystemExit(GENERIC_ERROR)
