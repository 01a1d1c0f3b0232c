"""The records of a script: where they are, how they are opened, and how their values are read and shown."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ansible_collections.kyotsu.platform.plugins.module_utils.records import clock, location
from ansible_collections.kyotsu.platform.plugins.module_utils.records.errors import RecordsError, StoreRefusedError
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import Store, open_store

T = TypeVar("T")


class Options(Protocol):
    """A parser or a group of its options."""

    def add_argument(self, *names: str, **options: Any) -> argparse.Action:
        """As argparse has it."""


def add_database_options(parser: Options) -> None:
    """--database, --password-file and --production, which `open_records` reads."""
    add_database_option(parser)
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="file of mode 0600 with the password")


def add_database_option(parser: Options) -> None:
    """--database and --production, for a script that has more than one way to a password."""
    parser.add_argument(
        "--database", metavar="URL", help=f"records; default: {location.URL_VARIABLE}, else the lab's SQLite file"
    )
    parser.add_argument("--production", action="store_true", help="refuse SQLite; PostgreSQL over TLS")


def open_records(options: argparse.Namespace, repository: Path, *, create: bool = False) -> Store:
    """Open what the options name. Raises RecordsError; a password in an argument is refused: every user sees it."""
    if options.database and location.has_password(options.database):
        ways = "--password-file" + (" or --password-environment" if hasattr(options, "password_environment") else "")
        raise StoreRefusedError(f"a password in --database is shown to every user of this host: use {ways}")
    password = None
    if options.password_file:
        password = location.read_password_file(options.password_file)
    elif getattr(options, "password_environment", None):
        password = location.read_password_variable(options.password_environment, os.environ)
    url = options.database or location.default_url(repository, os.environ)
    return open_store(url, production=options.production, password=password, create=create)


def print_json(value: Any) -> int:
    """Print values of the records, moments as the records write them; the exit code of a script that is done, 0."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=clock.to_text))
    return 0


def checked(read: Callable[[str], T]) -> Callable[[str], T]:
    """A reader of the records for argparse's `type`: what it refuses is said as wrong use."""

    def convert(text: str) -> T:
        try:
            return read(text)
        except RecordsError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert
