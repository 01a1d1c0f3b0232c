"""The tape software's catalogue, read with SQL: jobs, their logs, tapes, and which job is where on which tape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from ansible_collections.kyotsu.platform.plugins.module_utils.tape.errors import CatalogueUnreachable
from ansible_collections.kyotsu.platform.plugins.module_utils.tape.settings import TapeSettings

# C created, R running, and the waits; everything else is an end.
UNFINISHED = frozenset("CRBFSmMstjcdapiloqu")


@dataclass(frozen=True)
class JobRecord:
    """One job. `status` T ended, W with warnings, E error, f fatal, A cancelled, D differs; UNFINISHED: not yet.

    `kind` B backup, C a copy (of job `prior`), c the job that copied, R restore, V verify. `volumes` in order of use.
    """

    job_id: int
    name: str
    kind: str
    status: str
    errors: int
    bytes: int
    files: int
    prior: int
    started: datetime | None
    ended: datetime | None
    volumes: tuple[str, ...] = ()

    @property
    def ended_well(self) -> bool:
        """Ended, and without a single error: a short stream leaves status T with errors."""
        return self.status == "T" and self.errors == 0


@dataclass(frozen=True)
class Volume:
    """One tape as the tape software knows it. `slot` 0 and `in_changer` False: it is not in the library."""

    name: str
    pool: str
    status: str
    bytes: int
    capacity: int
    slot: int
    in_changer: bool
    jobs: int
    errors: int
    recycle: bool
    first_written: datetime | None
    last_written: datetime | None


@dataclass(frozen=True)
class Piece:
    """Where a part of a job is: files of the tape from `first_file` to `last_file`."""

    volume: str
    first_file: int
    last_file: int
    first_block: int
    last_block: int


@dataclass(frozen=True)
class Catalogue:
    """Read-only access."""

    settings: TapeSettings
    options: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def _engine(self) -> Engine:
        database = self.settings.database
        url = URL.create(
            "postgresql+psycopg",
            username=database.user,
            password=Path(database.password_file).read_text(encoding="utf-8").strip(),
            database=database.name,
            query={"host": database.host, "port": str(database.port), "connect_timeout": "10"},
        )
        # Its names are bytes (SQL_ASCII): told to be UTF-8, which all names of ours are.
        return create_engine(url, poolclass=NullPool, connect_args={"client_encoding": "utf8", **self.options})

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        try:
            with self._engine.connect() as connection:
                yield connection
        except OperationalError as error:
            said = " ".join(str(error.orig).split())
            raise CatalogueUnreachable(f"the catalogue does not answer ({said}); is its PostgreSQL running?") from error

    def job(self, job_id: int) -> JobRecord:
        """One job. KeyError if the catalogue has none."""
        for found in self.jobs(job_ids=[job_id]):
            return found
        raise KeyError(f"the catalogue has no job {job_id}")

    def jobs(self, *, job_ids: Sequence[int] | None = None, name: str | None = None) -> list[JobRecord]:
        """Jobs by id or name, oldest first."""
        with self._connection() as connection:
            rows = connection.execute(
                text(
                    "SELECT j.jobid, j.name, j.type, j.jobstatus, j.joberrors, j.jobbytes, j.jobfiles, j.priorjobid,"
                    " j.starttime, j.realendtime, (SELECT array_agg(m.volumename ORDER BY jm.volindex, jm.jobmediaid)"
                    " FROM jobmedia jm JOIN media m USING (mediaid) WHERE jm.jobid = j.jobid) AS volumes FROM job j"
                    " WHERE (CAST(:ids AS int[]) IS NULL OR j.jobid = ANY(:ids))"
                    " AND (CAST(:name AS text) IS NULL OR j.name = :name) ORDER BY j.jobid"
                ),
                {"ids": None if job_ids is None else list(job_ids), "name": name},
            ).all()
        return [
            JobRecord(
                job_id=row.jobid,
                name=str(row.name),
                kind=str(row.type),
                status=str(row.jobstatus),
                errors=int(row.joberrors or 0),
                bytes=int(row.jobbytes or 0),
                files=int(row.jobfiles or 0),
                prior=int(row.priorjobid or 0),
                started=row.starttime,
                ended=row.realendtime,
                volumes=tuple(dict.fromkeys(map(str, row.volumes or ()))),
            )
            for row in rows
        ]

    def unfinished(self) -> list[JobRecord]:
        """Jobs that were begun and have not ended, oldest first."""
        with self._connection() as connection:
            query = text("SELECT jobid FROM job WHERE jobstatus = ANY(:states) ORDER BY jobid")
            ids = connection.execute(query, {"states": sorted(UNFINISHED)}).scalars().all()
        return self.jobs(job_ids=list(ids)) if ids else []

    def client(self, job_id: int) -> str:
        """The client of a job: that whose key opens it. KeyError if the catalogue has no such job."""
        with self._connection() as connection:
            query = text("SELECT c.name FROM job j JOIN client c USING (clientid) WHERE j.jobid = :id")
            found = connection.execute(query, {"id": job_id}).scalar()
        if found is None:
            raise KeyError(f"the catalogue has no job {job_id}")
        return str(found)

    def copies(self, job_id: int) -> list[JobRecord]:
        """The copies of a job that are on tape."""
        with self._connection() as connection:
            query = text("SELECT jobid FROM job WHERE priorjobid = :id AND type IN ('C', 'B') ORDER BY jobid")
            ids = connection.execute(query, {"id": job_id}).scalars().all()
        return self.jobs(job_ids=list(ids)) if ids else []

    def log(self, job_id: int) -> list[str]:
        """What the tape software said about a job."""
        with self._connection() as connection:
            query = text("SELECT logtext FROM log WHERE jobid = :id ORDER BY logid")
            rows = connection.execute(query, {"id": job_id}).scalars()
            return [line for row in rows for line in str(row).splitlines() if line.strip()]

    def streams(self, job_id: int) -> list[str]:
        """Names of the streams that a job holds (of a copy: those of its original), in their order."""
        with self._connection() as connection:
            query = text(
                "SELECT n.name FROM file f JOIN filename n USING (filenameid) WHERE f.jobid = :id AND f.fileindex > 0"
                " ORDER BY f.fileindex"
            )
            return [str(name) for name in connection.execute(query, {"id": job_id}).scalars()]

    def files(self, job_id: int, *, below: Sequence[str] = (), most: int = 1000) -> list[str]:
        """Paths of the files of an agent's job, sorted; `below`: these files, and what lies in these folders."""
        with self._connection() as connection:
            query = text(
                "SELECT p.path || n.name AS path FROM file f JOIN path p USING (pathid)"
                " JOIN filename n USING (filenameid)"
                " WHERE f.jobid = :id AND f.fileindex > 0 AND n.name <> '' AND (:all OR p.path || n.name = ANY(:exact)"
                " OR p.path || n.name LIKE ANY(:under)) ORDER BY path LIMIT :most"
            )
            roots = [each.rstrip("/") for each in below]
            values = {
                "id": job_id,
                "all": not roots,
                "exact": roots,
                "under": [each.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_") + "/%" for each in roots],
                "most": most,
            }
            return [str(path) for path in connection.execute(query, values).scalars()]

    def pieces(self, job_id: int) -> list[Piece]:
        """Where a job is on tape, in order."""
        with self._connection() as connection:
            rows = connection.execute(
                text(
                    "SELECT m.volumename, jm.startfile, jm.endfile, jm.startblock, jm.endblock FROM jobmedia jm"
                    " JOIN media m USING (mediaid) WHERE jm.jobid = :id ORDER BY jm.volindex, jm.jobmediaid"
                ),
                {"id": job_id},
            ).all()
        return [Piece(str(row[0]), int(row[1]), int(row[2]), int(row[3]), int(row[4])) for row in rows]

    def jobs_on(self, volume: str) -> list[int]:
        """Ids of the jobs that have a part on a tape: the answer to "what is lost with it"."""
        with self._connection() as connection:
            rows = connection.execute(
                text(
                    "SELECT DISTINCT jm.jobid FROM jobmedia jm JOIN media m USING (mediaid)"
                    " WHERE m.volumename = :name ORDER BY jm.jobid"
                ),
                {"name": volume},
            ).scalars()
            return [int(row) for row in rows]

    def volumes(self, name: str | None = None) -> list[Volume]:
        """All tapes that have a label, or the one of this name."""
        with self._connection() as connection:
            rows = connection.execute(
                text(
                    "SELECT m.*, p.name AS pool FROM media m JOIN pool p USING (poolid)"
                    " WHERE (CAST(:name AS text) IS NULL OR m.volumename = :name) ORDER BY m.volumename"
                ),
                {"name": name},
            ).all()
        return [
            Volume(
                name=str(row.volumename),
                pool=str(row.pool),
                status=str(row.volstatus),
                bytes=int(row.volbytes or 0),
                capacity=int(row.maxvolbytes or 0),
                slot=int(row.slot or 0),
                in_changer=bool(row.inchanger),
                jobs=int(row.voljobs or 0),
                errors=int(row.volerrors or 0),
                recycle=bool(row.recycle),
                first_written=row.firstwritten,
                last_written=row.lastwritten,
            )
            for row in rows
        ]
