"""Run the system's commands; what they say goes into the error."""

import subprocess
from collections.abc import Sequence

from lab.errors import LabError

_SECONDS = 60.0


def run(
    command: Sequence[str], *, given: str | None = None, seconds: float = _SECONDS, accepted: tuple[int, ...] = (0,)
) -> str:
    """Run a command and give its standard output. Raises LabError with what it said if it fails or does not end."""
    try:
        answer = subprocess.run(
            command,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
        )
    except FileNotFoundError as error:
        raise LabError(f"{command[0]} is missing: run scripts/bootstrap guests") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{' '.join(command)} did not end within {seconds:.0f} s") from error
    if answer.returncode not in accepted:
        said = (answer.stderr or answer.stdout).strip() or f"exit code {answer.returncode}"
        raise LabError(f"{' '.join(command)}: {said}")
    return answer.stdout
