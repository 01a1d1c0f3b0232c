"""The program that the client runs to read what goes to tape and to write what comes back.

Usage: tape-stream read JOB_FILE | write JOB_FILE | check FOLDER

It needs nothing but Python, for it also runs where the collection is not installed. A job file (mode 0600, JSON) tells
what to do, so that no address and no cookie of a lease stands in a process list:

    {"source": {"file": "/path"}}                       read a file
    {"source": {"file": "/path", "wait_seconds": 600}}  the same, of a file that is put there when it is whole
    {"source": {"url": "https://…", "ca_file": "…", "headers": {"Cookie": "…"}}, "expected_bytes": 123}
    {"target": {"file": "/path"}} | {"target": {"url": "https://…", "ca_file": "…", "method": "PUT", "bytes": 123}}
    {"target": {"discard": true}, "expected_sha256": "…"}           read back and compare, keep nothing

Beside `x.json` it leaves `x.status.json`: {"exit", "bytes", "sha256", "seconds", "error"}. The status is removed at the
start and written last and whole: without it, the stream did not end. The client's software ignores the exit code of a
reader, so `check` runs after each job and fails it unless every stream of the folder ended well.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import json
import os
import ssl
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

CHUNK = 1 << 20
TIMEOUT_SECONDS = 120
POLL_SECONDS = 0.1


class StreamBroken(Exception):
    """The stream is short, or what is asked for cannot be done."""


def main(arguments: list[str]) -> int:
    """Run one command; the exit code is 0 if all went well."""
    if len(arguments) != 2 or arguments[0] not in {"read", "write", "check"}:
        print("usage: tape-stream read|write JOB_FILE | check FOLDER", file=sys.stderr)
        return 2
    if arguments[0] == "check":
        return check(Path(arguments[1]))
    return run(arguments[0], Path(arguments[1]))


def run(direction: str, job_file: Path) -> int:
    """Read or write one stream and leave its status."""
    status_file = job_file.with_suffix(".status.json")
    status_file.unlink(missing_ok=True)
    start, digest = time.monotonic(), hashlib.sha256()
    status: dict[str, Any] = {"exit": 0, "bytes": 0, "error": ""}
    try:
        job = json.loads(job_file.read_text(encoding="utf-8"))
        chunks = _measured(read_chunks(job) if direction == "read" else _from(sys.stdin.buffer), digest, status)
        if direction == "read":
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            sys.stdout.buffer.flush()
        else:
            write_chunks(job["target"], chunks)
        compare(job, status["bytes"], digest.hexdigest())
        if direction == "write" and "file" in job["target"]:
            incoming(job["target"]).replace(job["target"]["file"])
    except (OSError, ValueError, KeyError, http.client.HTTPException, StreamBroken) as error:
        status |= {"exit": 1, "error": f"{type(error).__name__}: {error}"}
        print(f"tape-stream: {status['error']}", file=sys.stderr)
    status |= {"sha256": digest.hexdigest(), "seconds": round(time.monotonic() - start, 3)}
    fresh = status_file.with_name(f".{status_file.name}.new")
    fresh.write_text(json.dumps(status), encoding="utf-8")
    fresh.replace(status_file)
    return int(status["exit"])


def compare(job: dict[str, Any], size: int, sha256: str) -> None:
    """StreamBroken if what came is not what the job file expects."""
    if job.get("expected_bytes") not in (None, size):
        raise StreamBroken(f"{size} bytes came, {job['expected_bytes']} were expected")
    if job.get("expected_sha256") not in (None, sha256):
        raise StreamBroken("the SHA-256 of what came is not the expected one")


def check(folder: Path) -> int:
    """Say which streams of a job are not whole; 0 if all are."""
    jobs = sorted(path for path in folder.glob("*.json") if not path.name.endswith(".status.json"))
    wrong = [] if jobs else [f"{folder}: no stream is described"]
    for job_file in jobs:
        try:
            status = json.loads(job_file.with_suffix(".status.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            wrong.append(f"{job_file.stem}: its reader did not end by itself")
            continue
        if status["exit"]:
            wrong.append(f"{job_file.stem}: {status['error']}")
    print("\n".join(wrong) if wrong else f"{len(jobs)} streams are whole")
    return 1 if wrong else 0


def read_chunks(job: dict[str, Any]) -> Iterator[bytes]:
    """The content of a source in pieces. StreamBroken if a server sends less than it promised."""
    source = job["source"]
    if "file" in source:
        if "wait_seconds" in source:
            _await(Path(source["file"]), float(source["wait_seconds"]))
        with open(source["file"], "rb", buffering=0) as stream:
            yield from _from(stream)
        return
    headers = source.get("headers", {})
    request = urllib.request.Request(_https(source["url"]), headers=headers)  # noqa: S310  # https only (2026-11-24)
    context = ssl.create_default_context(cafile=source.get("ca_file"))
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS, context=context) as answer:  # noqa: S310  # https only (2026-11-24)
        promised, came = answer.headers.get("Content-Length"), 0
        for chunk in _from(answer):
            came += len(chunk)
            yield chunk
        if promised is not None and came != int(promised):
            raise StreamBroken(f"the server promised {promised} bytes and sent {came}")


def _await(path: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not path.exists():
        if time.monotonic() > deadline:
            raise StreamBroken(f"{path.name} did not come within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def write_chunks(target: dict[str, Any], chunks: Iterator[bytes]) -> None:
    """Write what comes to the incoming file of a target, or to an address, or nowhere."""
    if target.get("discard"):
        for _ in chunks:
            pass
        return
    if "file" in target:
        descriptor = os.open(incoming(target), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            for chunk in chunks:
                stream.write(chunk)
        return
    url = urllib.parse.urlsplit(_https(target["url"]))
    context = ssl.create_default_context(cafile=target.get("ca_file"))
    connection = http.client.HTTPSConnection(url.netloc, timeout=TIMEOUT_SECONDS, context=context)
    with contextlib.closing(connection):
        size = target.get("bytes")
        length = {"Transfer-Encoding": "chunked"} if size is None else {"Content-Length": str(size)}
        path_and_query = urllib.parse.urlunsplit(("", "", url.path, url.query, ""))
        connection.request(
            target.get("method", "PUT"),
            path_and_query,
            body=chunks,
            headers={**target.get("headers", {}), **length},
            encode_chunked=size is None,
        )
        answer = connection.getresponse()
        answer.read()
        if answer.status >= 300:
            raise StreamBroken(f"the server answered {answer.status} {answer.reason}")


def incoming(target: dict[str, Any]) -> Path:
    """Where a file is written until it has been compared with what is expected."""
    path = Path(target["file"])
    return path.with_name(f".{path.name}.incoming")


def _https(url: str) -> str:
    if not url.startswith("https://"):
        raise StreamBroken("an address must begin with https://")
    return url


def _from(stream: IO[bytes] | Any) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield chunk


def _measured(chunks: Iterator[bytes], digest: Any, status: dict[str, Any]) -> Iterator[bytes]:
    for chunk in chunks:
        digest.update(chunk)
        status["bytes"] += len(chunk)
        yield chunk


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
