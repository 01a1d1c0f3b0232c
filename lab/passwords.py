"""Generated passwords: made once per lab, kept in files of mode 0600, never in arguments or the environment."""

import secrets
from pathlib import Path

from lab.files import write_atomically

AUTOMATION_USER = "automation@lab.local"
READER_USER = "reader@lab.local"
# Who switches machines by hand: no verb logs in with it, and a machine in quarantine is locked against it.
OPERATOR_USER = "operator@lab.local"


def ensure_password(path: Path) -> str:
    """Give the password in a file, and make one if there is none yet."""
    if not path.exists():
        write_atomically(path, secrets.token_urlsafe(24).encode())
    return path.read_text(encoding="utf-8").strip()


def accounts(folder: Path, vcenter: str) -> dict[str, list[dict[str, object]]]:
    """Give the accounts file of a simulator: two users who may write, one who only reads."""
    users = ((AUTOMATION_USER, True), (OPERATOR_USER, True), (READER_USER, False))
    return {
        "accounts": [
            {
                "name": name,
                "password": ensure_password(folder / f"{vcenter}-{name.partition('@')[0]}.password"),
                "writes": writes,
            }
            for name, writes in users
        ]
    }
