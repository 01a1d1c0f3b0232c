"""Generated passwords: made once per lab, kept in files of mode 0600, never in arguments or the environment."""

import secrets
from pathlib import Path

from lab.files import write_atomically

AUTOMATION_USER = "automation@lab.local"
READER_USER = "reader@lab.local"


def ensure_password(path: Path) -> str:
    """Give the password in a file, and make one if there is none yet."""
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(24).encode())
    return path.read_text(encoding="utf-8").strip()


def accounts(folder: Path, vcenter: str) -> dict[str, list[dict[str, object]]]:
    """Give the accounts file of a simulator: one user who may write, one who only reads."""
    return {
        "accounts": [
            {
                "name": AUTOMATION_USER,
                "password": ensure_password(folder / f"{vcenter}-automation.password"),
                "writes": True,
            },
            {"name": READER_USER, "password": ensure_password(folder / f"{vcenter}-reader.password"), "writes": False},
        ]
    }
