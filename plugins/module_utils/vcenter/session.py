"""A session with one vCenter: log in within a deadline, verify its certificate, count every call, log out."""

from __future__ import annotations

import contextlib
import threading
from functools import cached_property
from types import TracebackType
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import api
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import (
    SessionLost,
    Unreachable,
    VCenterError,
)
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.rest import RestClient
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.stub import Counter, Endpoint, Stub
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.tagging import Tagging

__all__ = ["Endpoint", "Session", "connect"]


class Session:
    """An open session. Use it as a context manager: leaving it logs out."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._counter = Counter()
        self.stub = Stub(endpoint, self._counter)
        self.content: Any = None
        self._login_lock = threading.Lock()

    def open(self) -> None:
        """Log in. Raises Unreachable, CertificateRefused or LoginRefused."""
        self.content = api.vim.ServiceInstance("ServiceInstance", self.stub).RetrieveContent()
        self._log_in()
        self.stub.be_patient()
        self.stub.log_in_again = self.reconnect

    def _log_in(self) -> None:
        self.content.sessionManager.Login(userName=self.endpoint.username, password=self.endpoint.password)
        self.stub.logins += 1

    def reconnect(self, lost: int) -> None:
        """Log in again after session number `lost` was lost; calls do this by themselves, once.

        Managed objects stay valid; views, filters and collectors do not. Threads that lose the session together log in
        once, for vCenter refuses a login inside a session. Raises SessionLost when the login is refused.
        """
        with self._login_lock:
            if self.stub.logins != lost:
                return
            try:
                self._log_in()
            except VCenterError as error:
                raise SessionLost(f"{self.endpoint.where}: the session was lost and is not renewed: {error}") from error

    def close(self) -> None:
        """Log out, of REST as well. A vCenter that is gone by now is no error."""
        with contextlib.suppress(VCenterError):
            if "rest" in self.__dict__:
                self.rest.close()
            if self.stub.logins:
                self.content.sessionManager.Logout()
        self.stub.DropConnections()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def calls(self) -> int:
        """Requests made so far, SOAP and REST."""
        return self._counter.value

    @property
    def instance_uuid(self) -> str:
        """The vCenter's own UUID: managed object ids mean something only together with it."""
        return str(self.content.about.instanceUuid)

    @cached_property
    def rest(self) -> RestClient:
        """REST client of the same vCenter; logs in with its first request."""
        return RestClient(self.endpoint, self._counter)

    @cached_property
    def tagging(self) -> Tagging:
        """Tags and categories."""
        return Tagging(self.rest)


def connect(endpoint: Endpoint) -> Session:
    """Log in to a vCenter.

    Raises Unreachable, CertificateRefused or LoginRefused, within `endpoint.timeout_seconds` and a little more: the
    work is done in a thread of its own, for neither a name server nor a host that answers drop by drop heeds the
    timeout of a socket.
    """
    session = Session(endpoint)
    failures: list[Exception] = []

    def work() -> None:
        try:
            session.open()
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=work, name=f"log in to {endpoint.id}", daemon=True)
    thread.start()
    thread.join(endpoint.timeout_seconds + 1)
    if thread.is_alive():
        raise Unreachable(
            f"{endpoint.where}: no answer within {endpoint.timeout_seconds:.0f} s: "
            "check address, firewall and whether the vCenter is up"
        )
    if failures:
        raise failures[0]
    return session
