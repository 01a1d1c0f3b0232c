"""Who gets into the lab's vCenter: certificates, passwords, the account that only reads."""

from __future__ import annotations

import ssl
import urllib.error
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pyVmomi import SoapStubAdapter, vim

from tests.integration.lab_support import VCENTER, RunningLab, running_lab


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    with running_lab(tmp_path_factory.mktemp("labs")) as running:
        yield running


def test_client_that_trusts_the_labs_authority_gets_in(lab: RunningLab) -> None:
    about = lab.connect().content.about
    assert about.version.startswith("8.0")
    assert about.instanceUuid == "11111111-1111-4111-8111-111111111111"


def test_client_that_does_not_trust_the_labs_authority_is_stopped_by_the_certificate(lab: RunningLab) -> None:
    stub = SoapStubAdapter(host="127.0.0.1", port=lab.endpoint()["port"], sslContext=ssl.create_default_context())
    with pytest.raises(ssl.SSLCertVerificationError):
        vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", f"{VCENTER}.lab.test"])
def test_certificate_is_valid_for_every_name_of_the_server(lab: RunningLab, name: str) -> None:
    import socket

    with (
        socket.create_connection(("127.0.0.1", lab.endpoint()["port"])) as plain,
        lab.tls().wrap_socket(plain, server_hostname=name) as secure,
    ):
        assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_certificate_is_not_valid_for_another_name(lab: RunningLab) -> None:
    import socket

    with (
        socket.create_connection(("127.0.0.1", lab.endpoint()["port"])) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        lab.tls().wrap_socket(plain, server_hostname="vcenter.example.jp")


@pytest.mark.parametrize("account", ["automation", "reader", "somebody"])
def test_wrong_password_or_unknown_user_is_an_invalid_login(lab: RunningLab, account: str) -> None:
    with pytest.raises(vim.fault.InvalidLogin):
        lab.connect(account, password="wrong")


def test_call_without_a_session_is_refused(lab: RunningLab) -> None:
    stub = SoapStubAdapter(host="127.0.0.1", port=lab.endpoint()["port"], sslContext=lab.tls())
    content = vim.ServiceInstance("ServiceInstance", stub).RetrieveContent()
    with pytest.raises(vim.fault.NotAuthenticated):
        content.rootFolder.CreateFolder("x")
    with pytest.raises(vim.fault.NotAuthenticated):
        content.viewManager.CreateContainerView(content.rootFolder, [vim.VirtualMachine], True)


def test_reader_reads_and_every_writing_method_is_refused(lab: RunningLab) -> None:
    content = lab.connect("reader").content
    view = content.viewManager.CreateContainerView(content.rootFolder, [vim.Folder], True)
    assert view.view == []
    view.Destroy()
    writing: list[Any] = [
        lambda: content.rootFolder.CreateFolder("x"),
        lambda: content.rootFolder.CreateDatacenter("x"),
        lambda: content.customFieldsManager.AddCustomFieldDef("x"),
        lambda: content.authorizationManager.AddAuthorizationRole("x", []),
    ]
    for write in writing:
        with pytest.raises(vim.fault.NoPermission):
            write()
    assert content.rootFolder.childEntity == []


def test_reader_gets_403_for_a_mutating_rest_call_and_may_list(lab: RunningLab) -> None:
    rest = lab.rest("reader")
    assert not rest.call("GET", "/com/vmware/cis/tagging/category")
    with pytest.raises(urllib.error.HTTPError) as refused:
        rest.call("POST", "/com/vmware/cis/tagging/category", {"create_spec": {"name": "x"}})
    assert refused.value.code == 403
    assert not lab.rest().call("GET", "/com/vmware/cis/tagging/category")


def test_rest_refuses_a_wrong_password_and_the_nameless_session_of_json_rpc(lab: RunningLab) -> None:
    rest = lab.rest()
    with pytest.raises(urllib.error.HTTPError) as refused:
        rest.login("automation@lab.local", "wrong")
    assert refused.value.code == 401
    rest._base = rest._base.removesuffix("/rest")
    create = {"id": 1, "jsonrpc": "2.0", "params": {"serviceId": "com.vmware.cis.session", "operationId": "create"}}
    with pytest.raises(urllib.error.HTTPError) as nameless:
        rest.call("POST", "/api", create)
    assert nameless.value.code == 401


def test_secrets_are_private_files_and_stand_in_no_argument_or_environment(lab: RunningLab) -> None:
    root = lab.laboratory.paths.root
    secrets = [path for path in root.glob("secrets/*") if path.suffix != ".pub"]
    private = [*secrets, *root.glob("**/*.key"), *root.glob("vcenters/*/accounts.json")]
    assert len(private) == 7 + 3 + 2
    assert {path.stat().st_mode & 0o777 for path in private} == {0o600}
    process = Path(f"/proc/{lab.endpoint()['pid']}")
    visible = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
    assert lab.password().encode() not in visible
