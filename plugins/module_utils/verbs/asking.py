"""How a verb asks the person at the terminal for what no variable, file or pipe may answer."""

from __future__ import annotations

from collections.abc import Callable

# Gives the line that was typed; None: there is no terminal, or the person broke off.
Ask = Callable[[str], str | None]


def nobody(_question: str) -> str | None:
    """There is no terminal."""
    return None
