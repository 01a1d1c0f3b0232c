"""A headless Chromium of the test's own, spoken to through a pipe (Chrome DevTools Protocol); nothing else is needed.

https://chromedevtools.github.io/devtools-protocol/ describes the commands; --remote-debugging-pipe takes them at file
descriptor 3 and answers at 4, each a JSON text ended by a zero byte.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lab.scratch import scratch_folder

SECONDS_TO_ANSWER = 60
# Containers have no sandbox and little shared memory; no name is ever resolved.
OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-first-run",
    "--hide-scrollbars",
    "--lang=ja",
    "--remote-debugging-pipe",
)


class BrowserFailed(Exception):
    """Chromium did not start, answer or do what was asked."""


class Browser:
    """One page. `requests` are the addresses that the page asked for, the page's own included."""

    def __init__(self, write: int, read: int) -> None:
        self._write = write
        self._read = read
        self._buffer = b""
        self._number = 0
        self._session: str | None = None
        self._loaded = False
        self.requests: list[str] = []
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def open(self, file: Path, *, width: int, height: int, phone: bool = False) -> None:
        """Open a file in a window of so many CSS pixels and wait until it is loaded."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=2 if phone else 1,
            mobile=phone,
        )
        self._loaded = False
        self.call("Page.navigate", url=file.resolve().as_uri())
        while not self._loaded:
            self._event()

    def value(self, expression: str) -> Any:
        """What an expression of JavaScript gives, as JSON values."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserFailed(json.dumps(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def screenshot(self, file: Path, *, whole: bool = False) -> None:
        """What is seen, or the whole page, as PNG."""
        answer = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        file.write_bytes(base64.b64decode(answer["data"]))

    def print_pdf(self, file: Path) -> None:
        """Print as the page's own style says (@page)."""
        answer = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        file.write_bytes(base64.b64decode(answer["data"]))

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer."""
        self._number += 1
        number = self._number
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self._write, data) :]
        while True:
            answer = self._event()
            if answer.get("id") == number:
                if "error" in answer:
                    raise BrowserFailed(f"{method}: {answer['error']}")
                result: dict[str, Any] = answer["result"]
                return result

    def _event(self) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_TO_ANSWER
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._read], [], [], max(0.0, deadline - time.monotonic()))
            part = os.read(self._read, 1 << 20) if ready else b""
            if not part:
                raise BrowserFailed("Chromium went away" if ready else "Chromium does not answer")
            self._buffer += part
        text, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(text)
        parameters = message.get("params", {})
        match message.get("method"):
            case "Page.loadEventFired":
                self._loaded = True
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(parameters["exceptionDetails"]))
            case "Log.entryAdded":
                self.errors.append(parameters["entry"]["text"])
        return message


@contextmanager
def browser() -> Iterator[Browser]:
    """A Chromium with a profile of its own that is gone afterwards, as Chromium is."""
    program = shutil.which("chromium")
    if program is None:
        raise BrowserFailed("chromium is not installed: scripts/bootstrap tests")
    with scratch_folder("kyotsu-chromium-") as folder:
        command_read, command_write = os.pipe()
        answer_read, answer_write = os.pipe()
        # A shell moves the pipe's ends to the numbers that Chromium looks at.
        process = subprocess.Popen(
            [
                *("bash", "-c", f'exec "$@" 3<&{command_read} 4>&{answer_write}', "bash"),
                *(program, *OPTIONS, f"--user-data-dir={folder / 'profile'}", "about:blank"),
            ],
            pass_fds=(command_read, answer_write),
            # It leaves a folder for the socket of its profile there.
            env={**os.environ, "TMPDIR": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(command_read)
        os.close(answer_write)
        try:
            yield Browser(command_write, answer_read)
        finally:
            os.close(command_write)
            os.close(answer_read)
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
