"""The catalogue's own PostgreSQL cluster, in the lab's state and reachable through a socket in it only."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.background_process import BackgroundProcess, wait_for
from lab.errors import LabError
from lab.files import write_atomically
from lab.passwords import ensure_password
from lab.tape.paths import TapePaths
from lab.tape.users import DATABASE_USER, as_user, give

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
DATABASE, OWNER, READER = "bacula", "bacula", "catalogue_reader"
PORT = 5432  # of the socket's name only: nothing listens in the network


@dataclass(frozen=True)
class CatalogueServer:
    """One cluster. `OWNER` is the director's account; `READER` reads and nothing else."""

    paths: TapePaths
    software: Path

    @property
    def data(self) -> Path:
        """The cluster's folder."""
        return self.paths.database / "data"

    @property
    def socket(self) -> Path:
        """The folder of its socket."""
        return self.paths.database

    @property
    def process(self) -> BackgroundProcess:
        """The postmaster."""
        return BackgroundProcess("postgresql", self.paths.root / "log", self.data)

    def ensure(self) -> bool:
        """Make the cluster, start it, make the tables. Give whether it was started."""
        if not (PROGRAMS / "postgres").exists():
            raise LabError("PostgreSQL 15 is missing: run scripts/bootstrap tape")
        self.socket.mkdir(parents=True, exist_ok=True)
        give(self.socket, DATABASE_USER, DATABASE_USER)
        self.socket.chmod(0o755)
        if not (self.data / "PG_VERSION").exists():
            password = self.paths.database / "password"
            write_atomically(password, ensure_password(self.paths.secrets / "catalogue-superuser").encode())
            give(password, DATABASE_USER)
            options = (
                "--encoding=SQL_ASCII",
                "--locale=C",
                "--auth=scram-sha-256",
                f"--pwfile={password}",
                "--no-sync",
            )
            self._run(PROGRAMS / "initdb", "--pgdata", self.data, "--username=postgres", *options)
            password.unlink()
        started = self.process.start(
            [
                *(str(PROGRAMS / "postgres"), "-D", str(self.data), "-c", "listen_addresses=", "-c", f"port={PORT}"),
                *("-c", f"unix_socket_directories={self.socket}", "-c", "max_connections=100"),
            ],
            prefix=as_user(DATABASE_USER, DATABASE_USER, self.paths.root),
            is_ready=self._answers,
        )
        if DATABASE not in self._psql("postgres", "SELECT datname FROM pg_database").split():
            self.make_database(DATABASE)
        return started

    def make_database(self, name: str) -> None:
        """Make an empty catalogue: database, tables, accounts."""
        for account in (OWNER, READER):
            password = ensure_password(self.paths.secrets / f"catalogue-{account}")
            if account not in self._psql("postgres", "SELECT rolname FROM pg_roles").split():
                self._psql("postgres", f"CREATE ROLE {account} LOGIN PASSWORD '{password}'")
        # Names of files are bytes to the tape software; the database must take any.
        fresh = f"{name}_new"
        self._psql("postgres", f"DROP DATABASE IF EXISTS {fresh}")
        self._psql(
            "postgres",
            f"CREATE DATABASE {fresh} OWNER {OWNER} ENCODING 'SQL_ASCII' LC_COLLATE 'C' "
            "LC_CTYPE 'C' TEMPLATE template0",
        )
        script = self.software / "usr/share/bacula-director/make_postgresql_tables"
        done = subprocess.run(
            ["sh", str(script)],
            env={**self._environment(OWNER), "db_name": fresh, "PGOPTIONS": "-c client_min_messages=warning"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode or "ERROR" in done.stderr:
            raise LabError(f"the catalogue's tables cannot be made:\n{done.stderr.strip()}")
        self._psql(fresh, f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}")
        self._psql(fresh, f"GRANT USAGE ON SCHEMA public TO {READER}")
        # Complete or absent: a start that is killed in the middle begins again.
        self._psql("postgres", f"ALTER DATABASE {fresh} RENAME TO {name}")

    def drop_database(self, name: str = DATABASE) -> None:
        """Lose the catalogue."""
        self._psql("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def stop(self) -> bool:
        """End the cluster: SIGINT lets it close its clients and write what it has."""
        pid = self.process.pid()
        if pid is None:
            return False
        os.kill(pid, 2)
        wait_for(lambda: self.process.pid() is None, 10)
        self.process.stop()
        return True

    def _answers(self) -> bool:
        return (
            subprocess.run([PROGRAMS / "pg_isready", "-q", "-h", self.socket, "-p", str(PORT)], check=False).returncode
            == 0
        )

    def _environment(self, account: str) -> dict[str, str]:
        secret = self.paths.secrets / ("catalogue-superuser" if account == "postgres" else f"catalogue-{account}")
        return {
            "PATH": f"{PROGRAMS}:/usr/bin:/bin",
            "PGHOST": str(self.socket),
            "PGPORT": str(PORT),
            "PGUSER": account,
            "PGPASSWORD": secret.read_text(encoding="utf-8").strip(),
        }

    def _psql(self, database: str, statement: str) -> str:
        done = subprocess.run(
            [PROGRAMS / "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-d", database],
            input=statement,
            env=self._environment("postgres"),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise LabError(f"PostgreSQL of the catalogue: {done.stderr.strip()}")
        return done.stdout

    def _run(self, *command: str | Path) -> None:
        prefix: Sequence[str] = as_user(DATABASE_USER, DATABASE_USER, self.paths.root)
        done = subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True, cwd="/", check=False)
        if done.returncode:
            raise LabError(f"{Path(command[0]).name} failed:\n{done.stdout}{done.stderr}".rstrip())
