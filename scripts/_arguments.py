"""What the scripts' command lines share."""

from __future__ import annotations

import argparse
from datetime import date
from typing import NoReturn

MISUSE = 2


class Parser(argparse.ArgumentParser):
    """One line per error; the usage is one --help away."""

    def error(self, message: str) -> NoReturn:
        """Print one line and end with exit code 2."""
        self.exit(MISUSE, f"{self.prog}: {message} (see --help)\n")


def day(text: str) -> date:
    """An argument that is a day, for argparse's `type`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a day like 2026-11-24") from None
