"""How every script ends: an exit code, and no traceback when its reader leaves or a person interrupts it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import NoReturn

# As a shell reports a process that a signal ended: 128 and the number of SIGPIPE or SIGINT.
PIPE_CLOSED, INTERRUPTED = 141, 130


def run_and_exit(main: Callable[[], int]) -> NoReturn:
    """Run a script's main() and end the process with what it returns."""
    code: int | str | None
    try:
        try:
            code = main()
        except SystemExit as end:  # argparse, after --help and for wrong use
            code = end.code
        sys.stdout.flush()
    except BrokenPipeError:
        # `script | head` has read what it wanted. Nothing more is written, also not by Python itself at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = PIPE_CLOSED
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = INTERRUPTED
    sys.exit(code)
