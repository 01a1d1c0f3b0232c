"""Where a verb works: environment, vCenters, records. Made from the `target` argument that every module takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.session import Endpoint
from ansible_collections.kyotsu.platform.plugins.module_utils.verbs.errors import VerbRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One environment with everything that differs between a lab and production."""

    environment: str
    production: bool
    repository: Path
    endpoints: tuple[Endpoint, ...]
    datacenters: Mapping[str, str]  # vCenter id -> name of the data centre in this environment
    records_url: str = field(repr=False)
    cache_directory: Path | None
    nfs_root: str | None  # lab only: folder that stands for the NFS exports
    create_templates: bool  # lab only: an empty template stands for a missing image
    host_user: str
    host_password: str = field(repr=False)
    host_thumbprints: Mapping[str, str]  # host name -> SHA-1 thumbprint of its certificate, known in advance
    require_approval: bool
    host_domain: str = ""  # what DNS has behind the hosts' names
    administrator_keys: tuple[str, ...] = ()  # public keys that may log in to new machines
    host_passwords: Mapping[str, str] = field(default_factory=dict, repr=False)  # by vCenter, before host_password


def target_from(arguments: Mapping[str, Any]) -> Target:
    """Make a Target of the module argument `target`; Ansible has checked types and required keys."""
    cache_directory = arguments.get("cache_directory")
    production = bool(arguments["production"])
    return Target(
        environment=arguments["environment"],
        production=production,
        repository=Path(arguments["repository"]).resolve(),
        endpoints=tuple(_endpoint(vcenter) for vcenter in arguments["vcenters"]),
        datacenters={vcenter["id"]: vcenter["datacenter"] for vcenter in arguments["vcenters"]},
        records_url=arguments["records_url"],
        cache_directory=Path(cache_directory) if cache_directory else None,
        nfs_root=arguments.get("nfs_root"),
        create_templates=bool(arguments.get("create_templates")),
        host_user=arguments.get("host_user") or "",
        host_password=arguments.get("host_password") or "",
        host_thumbprints=arguments.get("host_thumbprints") or {},
        host_domain=arguments.get("host_domain") or "",
        # Production never applies a plan that nobody approved; elsewhere it is a choice.
        require_approval=bool(arguments.get("require_approval") or production),
        administrator_keys=_public_keys(arguments.get("administrator_keys_file")),
        host_passwords=arguments.get("host_passwords") or {},
    )


def _public_keys(file: str | None) -> tuple[str, ...]:
    """One public key per line; comments and empty lines are left out. Raises VerbRefused if the file is not there."""
    if not file:
        return ()
    try:
        lines = Path(file).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise VerbRefused(
            f"administrator_keys_file {file} cannot be read ({error.strerror}): nobody could log in to a new machine"
        ) from error
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))


def _endpoint(vcenter: Mapping[str, Any]) -> Endpoint:
    return Endpoint(
        id=vcenter["id"],
        hostname=vcenter["hostname"],
        port=int(vcenter["port"]),
        username=vcenter["username"],
        password=vcenter["password"],
        ca_file=vcenter.get("ca_file"),
    )
