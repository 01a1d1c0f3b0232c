"""Callback plugin: progress while a batch module runs, and a table of what came of it at the end."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
short_description: Progress lines and a table of every object that changed, failed, waits or was refused
description:
  - The modules plan, foundation and machines work on many machines in one task, of which Ansible's own recap shows one
    host. This callback shows progress while they run and a table at the end.
author:
  - Kyotsu platform team
options:
  language:
    description: Language of the labels, and of the reasons that have both.
    type: str
    default: en
    choices: [en, ja]
    env:
      - name: KYOTSU_LANGUAGE
    ini:
      - section: callback_summary
        key: language
  rows:
    description: The most rows that the table has; with C(-v) it has all.
    type: int
    default: 40
    env:
      - name: KYOTSU_SUMMARY_ROWS
    ini:
      - section: callback_summary
        key: rows
"""

import atexit
import json
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import IO, Any

from ansible.plugins.callback import CallbackBase

from ansible_collections.kyotsu.platform.plugins.module_utils.summary_table import summary_lines

# The same name as in module_utils/verbs/progress.py; the module inherits it from this process.
PROGRESS_FILE = "KYOTSU_PROGRESS_FILE"
OUR_MODULES = "kyotsu.platform."
READ_ONLY = ("kyotsu.platform.plan",)
POLL_SECONDS = 0.1
# Width where there is no terminal to ask: CI logs and files.
WIDTH_OF_A_FILE = 160
# Molecule takes a line that begins with "changed" for a task's, and does not look at leading spaces.
MARGIN = "| "


class CallbackModule(CallbackBase):  # type: ignore[misc]  # Ansible ships no types
    """kyotsu.platform.summary."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kyotsu.platform.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        self._outcomes: list[tuple[dict[str, Any], bool]] = []
        self._progress: Progress | None = None

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Name the progress file before any worker is started, so that all of them inherit the name."""
        self._progress = Progress(self._display.display)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Follow the file while one of our modules runs."""
        if self._progress and task.action.startswith(OUR_MODULES):
            self._progress.follow()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Keep what a batch module returned."""
        self._rest()
        values = result.result
        if result.task.action.startswith(OUR_MODULES) and "digest" in values and "results" in values:
            dry = result.task.action in READ_ONLY or bool(result.task.check_mode)
            self._outcomes.append((dict(values), dry))

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Ansible has shown the message already."""
        self._rest()

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Print one table per batch module, and clean up."""
        if self._progress:
            self._progress.close()
        terminal = sys.stdout.isatty()
        width = (shutil.get_terminal_size().columns if terminal else WIDTH_OF_A_FILE) - len(MARGIN)
        limit = None if self._display.verbosity else self.get_option("rows")
        for values, dry in self._outcomes:
            self._display.display("")
            for line in summary_lines(values, language=self.get_option("language"), width=width, limit=limit, dry=dry):
                self._display.display(f"{MARGIN}{line.text}", color=line.colour)

    def _rest(self) -> None:
        if self._progress:
            self._progress.rest()


class Progress:
    """A file to which modules append lines of JSON, and a thread that shows them as they come."""

    def __init__(self, show: Any) -> None:
        self._show = show
        descriptor, name = tempfile.mkstemp(prefix="kyotsu-progress-", suffix=".jsonl")
        os.close(descriptor)
        self._path = Path(name)
        self._file: IO[str] = self._path.open(encoding="utf-8")
        self._rest = ""
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        os.environ[PROGRESS_FILE] = name
        # A run that is interrupted never comes to its statistics.
        atexit.register(self._path.unlink, missing_ok=True)

    def follow(self) -> None:
        """Start to show lines; does nothing when it does so already."""
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._run, name="kyotsu-progress", daemon=True)
            self._thread.start()

    def rest(self) -> None:
        """Show what is left and end the thread, so that none is running when Ansible forks its next worker."""
        if self._thread is not None:
            self._stop.set()
            self._thread.join()
            self._thread = None

    def close(self) -> None:
        """End, and remove the file."""
        self.rest()
        self._file.close()
        self._path.unlink(missing_ok=True)
        os.environ.pop(PROGRESS_FILE, None)

    def _run(self) -> None:
        while not self._stop.wait(POLL_SECONDS):
            self._read()
        self._read()

    def _read(self) -> None:
        """Show all whole lines; half a line waits for its other half."""
        *lines, self._rest = (self._rest + self._file.read()).split("\n")
        for line in lines:
            try:
                text = json.loads(line)["text"]
            except (ValueError, KeyError, TypeError):
                text = line  # rather an odd line than a lost one
            self._show(f"  {text}")
