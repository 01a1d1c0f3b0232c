"""Where the records are when nobody says so, and how a password reaches us without standing in a command."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import StoreRefusedError

URL_VARIABLE = "KYOTSU_RECORDS_URL"
LAB_VARIABLE = "KYOTSU_LAB"


def default_url(repository: Path, environment: Mapping[str, str]) -> str:
    """Return the URL of the environment, else the SQLite file of the lab that the environment names."""
    lab = environment.get(LAB_VARIABLE) or "default"
    return environment.get(URL_VARIABLE) or f"sqlite:///{repository.absolute() / '.lab' / lab / 'records.sqlite3'}"


def has_password(url: str) -> bool:
    """Say whether a URL carries a password, which every process list would show if it stood in a command."""
    try:
        parts = urlsplit(url)
        return bool(parts.password) or "password" in parse_qs(parts.query)
    except ValueError:
        return "@" in url


def read_password_file(path: Path) -> str:
    """Return the first line of a file that only its owner can read; StoreRefusedError says what is wrong."""
    try:
        with path.open(encoding="utf-8") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            if mode & 0o077:
                raise StoreRefusedError(f"{path} can be read by others (mode {mode:04o}): chmod 600 {path}")
            password = file.readline().rstrip("\r\n")
    except OSError as error:
        raise StoreRefusedError(f"the password file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise StoreRefusedError(f"the password file {path} is not text in UTF-8") from None
    if not password:
        raise StoreRefusedError(f"the password file {path} has an empty first line")
    return password


def read_password_variable(name: str, environment: Mapping[str, str]) -> str:
    """Return the value of a named environment variable; StoreRefusedError if it is not set."""
    password = environment.get(name, "")
    if not password:
        raise StoreRefusedError(f"the environment variable {name} is not set or empty")
    return password
