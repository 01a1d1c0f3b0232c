"""One HTTP exchange with a vCenter: the only place where SOAP calls leave, are counted, and their errors translated."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter import api, plain
from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.errors import (
    CertificateRefused,
    Fault,
    LoginRefused,
    PermissionRefused,
    SessionLost,
    Unreachable,
    VCenterError,
)

# After logging in, a large answer may take longer to begin than a dead vCenter may take to be found out.
ANSWER_SECONDS = 300.0


@dataclass(frozen=True)
class Endpoint:
    """Where a vCenter answers. `timeout_seconds` bounds connecting and logging in; no `ca_file`: the system's store."""

    id: str
    hostname: str
    port: int
    username: str
    password: str = field(repr=False)
    ca_file: str | None
    timeout_seconds: float = 10.0

    @property
    def where(self) -> str:
        """The vCenter as messages name it."""
        return f"{self.id} ({self.hostname}:{self.port})"

    def tls_context(self) -> ssl.SSLContext:
        """A context that verifies chain and host name. Raises CertificateRefused when the CA file cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise CertificateRefused(
                f"{self.where}: the CA file {self.ca_file} cannot be read ({error.strerror or error}): "
                "give the file with the certificate of the authority that signed the vCenter's"
            ) from error
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        return context


class Counter:
    """Calls made so far, of SOAP and REST together; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.value = 0

    def add(self) -> None:
        """Count one call."""
        with self._lock:
            self.value += 1


def translate(endpoint: Endpoint, error: Exception) -> VCenterError:
    """What the operating system, TLS or HTTP said, as one of our errors."""
    where = endpoint.where
    if isinstance(error, ssl.SSLCertVerificationError):
        trusted = endpoint.ca_file or "the system's store"
        return CertificateRefused(
            f"{where}: its certificate is refused ({error.verify_message}): check the host name and the CA ({trusted})"
        )
    if isinstance(error, ssl.SSLError):
        return Unreachable(f"{where}: what answers does not speak TLS ({error.reason}): check host name and port")
    if isinstance(error, TimeoutError):
        return Unreachable(f"{where}: no answer in time: check address, firewall and whether the vCenter is up")
    if isinstance(error, socket.gaierror):
        return Unreachable(f"{where}: the name does not resolve ({error.strerror}): check host name and DNS")
    if isinstance(error, OSError):
        return Unreachable(f"{where}: {error.strerror or error}: check address, port and whether the vCenter is up")
    reason = " ".join(str(error).split()) or type(error).__name__
    return Unreachable(f"{where}: what answers is no vCenter ({reason}): check host name and port")


class Stub(api.StubAdapter):  # type: ignore[misc]
    """pyVmomi's stub with our own exchange, so that no exception of pyVmomi, http or ssl leaves it."""

    cookie: str

    def __init__(self, endpoint: Endpoint, counter: Counter) -> None:
        super().__init__(
            host=endpoint.hostname,
            port=endpoint.port,
            ns=api.NAMESPACE,
            path="/sdk",
            poolSize=64,
            sslContext=endpoint.tls_context(),
            httpConnectionTimeout=endpoint.timeout_seconds,
            connectionPoolTimeout=60,
        )
        self.endpoint = endpoint
        self.counter = counter
        self.log_in_again: Callable[[int], None] | None = None
        self.logins = 0  # how often the session was opened: tells which one a call was made in

    def be_patient(self) -> None:
        """Logged in: from now on wait longer for an answer."""
        self.schemeArgs["timeout"] = ANSWER_SECONDS
        self.DropConnections()

    def InvokeMethod(self, mo: Any, info: Any, args: Any, outerStub: Any = None) -> Any:  # noqa: N802, N803
        """pyVmomi's entry: every call of a managed object and every access to a property comes through here."""
        with self.exchange(mo, info, args) as stream:
            body = stream.read()
        try:
            return api.ResponseDeserializer(outerStub or self).Deserialize(body, info.result)
        except Exception as error:
            # pyVmomi raises KeyError, AttributeError and others for types it does not know.
            raise Fault(
                self.endpoint.where, "UnreadableAnswer", f"{info.wsdlName}: {type(error).__name__} {error}"
            ) from error

    def call(self, mo: Any, name: str, **values: Any) -> Any:
        """A call whose answer comes as plain values: for answers that are large or whose types may be unknown."""
        info = api.method_info(mo, name)
        with self.exchange(mo, info, api.arguments(info, values)) as stream:
            return plain.return_value(stream)

    @contextlib.contextmanager
    def exchange(self, mo: Any, info: Any, args: Any) -> Iterator[BinaryIO]:
        """Send a call and give the body of its answer as a stream. A lost session is renewed once.

        A call that was refused for want of a session has done nothing, so that sending it again is safe.
        """
        request = self.SerializeRequest(mo, info, args)
        login = self.logins
        try:
            connection, response = self._send(request, info)
        except SessionLost:
            if self.log_in_again is None or info.name in ("Login", "Logout"):
                raise
            self.log_in_again(login)
            connection, response = self._send(request, info)
        try:
            yield self._body(response)
            response.read()
        except (OSError, http.client.HTTPException, EOFError) as error:
            connection.close()
            raise translate(self.endpoint, error) from error
        except BaseException:
            connection.close()
            raise
        self.ReturnConnection(connection)

    def _send(self, request: bytes, info: Any) -> tuple[Any, http.client.HTTPResponse]:
        self.counter.add()
        headers = {
            "Cookie": self.cookie,
            "SOAPAction": self.versionId,
            "Content-Type": "text/xml; charset=UTF-8",
            "Accept-Encoding": "gzip",
        }
        try:
            connection = self.GetConnection()
            connection.request("POST", self.path, request, headers)
            response: http.client.HTTPResponse = connection.getresponse()
        except (OSError, http.client.HTTPException) as error:
            self.DropConnections()
            raise translate(self.endpoint, error) from error
        if response.status == 200:
            # Only here: vCenter sends a cookie with each refusal too, of a session in which nobody is logged in. Of
            # threads that lose the session together, one would put such a cookie in the place of the renewed one.
            self.cookie = response.getheader("Set-Cookie") or self.cookie
            return connection, response
        body = self._body(response).read()
        self.ReturnConnection(connection)
        raise self._refusal(response, body, info)

    def _refusal(self, response: http.client.HTTPResponse, body: bytes, info: Any) -> VCenterError:
        where = self.endpoint.where
        kind, text = plain.fault_of(body) if response.status == 500 else ("", "")
        if not kind:
            return translate(self.endpoint, http.client.HTTPException(f"HTTP {response.status} {response.reason}"))
        if kind == "InvalidLogin":
            user = self.endpoint.username
            return LoginRefused(f"{where}: user {user} or its password is refused: check the secret of this vCenter")
        if kind == "NotAuthenticated":
            return SessionLost(f"{where}: the session has ended: run the command again")
        if kind == "NoPermission":
            return PermissionRefused(
                f"{where}: user {self.endpoint.username} may not {info.wsdlName} ({text}): "
                "give the role of this user the missing privilege"
            )
        return Fault(f"{where}: {info.wsdlName}", kind, text)

    @staticmethod
    def _body(response: http.client.HTTPResponse) -> BinaryIO:
        if response.getheader("Content-Encoding", "").lower() == "gzip":
            return cast(BinaryIO, gzip.GzipFile(fileobj=response))
        return cast(BinaryIO, io.BufferedReader(response, 1 << 16))
