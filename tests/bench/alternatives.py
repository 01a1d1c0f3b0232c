"""What users would pick instead, on the same lab: govc, the VMware collections of Ansible, plain pyVmomi.

Each is pinned, lies in a folder of its own under .tools/, verifies the lab's certificate as everything else does, and
asks both vCenters one after the other, as its users would. What cannot be installed is left out with the reason.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ansible_collections.kyotsu.platform.plugins.module_utils.vcenter.read_paths import DEVICES, MACHINE
from lab.errors import LabError
from lab.paths import TOOLS
from lab.scratch import scratch_folder
from lab.toolchain import find_go
from tests.bench.benchlab import BenchLab
from tests.bench.measure import BenchFailed, Sample, run, say, succeed

GOVC_VERSION = "0.56.0"
GOVC_SOURCES = Path(__file__).resolve().parent / "govc"
# The newest whose core is the repository's own: community.vmware 5.10.0 and vmware.vmware 2.6.0 are in it.
PACKAGES = ("ansible==12.3.0", "ansible-core==2.19.14", "pyvmomi==9.1.1.0", "requests==2.34.2")
VENV = TOOLS / "bench-venv"


def ensure_govc() -> Path:
    """Build govc of the pinned version; raise BenchFailed with the reason when that cannot be done."""
    binary = TOOLS / "bench" / f"govc-{GOVC_VERSION}"
    if binary.exists():
        return binary
    try:
        go = find_go(TOOLS, say)
    except LabError as error:
        raise BenchFailed(str(error)) from error
    say(f"  build govc {GOVC_VERSION}")
    command = [str(go), "build", "-trimpath", "-mod=readonly", "-o", str(binary), "."]
    environment = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": ""}
    succeed(run(command, folder=GOVC_SOURCES, environment=environment), "building govc")
    return binary


def ensure_collections() -> Path:
    """An environment with the VMware collections of the package ansible; raise BenchFailed with the reason."""
    stamp = VENV / ".installed"
    if stamp.exists() and stamp.read_text(encoding="utf-8").split() == list(PACKAGES):
        return VENV
    shutil.rmtree(VENV, ignore_errors=True)
    say(f"  install {', '.join(PACKAGES)} into {VENV.name} (more than 500 MB)")
    succeed(run([sys.executable, "-m", "venv", str(VENV)]), "making a Python environment")
    pip = [str(VENV / "bin/python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    succeed(run([*pip, *PACKAGES]), "installing the package ansible")
    stamp.write_text("\n".join(PACKAGES) + "\n", encoding="utf-8")
    return VENV


def collection_versions() -> dict[str, str]:
    """Versions of the two collections."""
    versions = {}
    for name in ("community/vmware", "vmware/vmware"):
        (manifest,) = VENV.glob(f"lib/python3.*/site-packages/ansible_collections/{name}/MANIFEST.json")
        content = json.loads(manifest.read_text(encoding="utf-8"))
        versions[name.replace("/", ".")] = str(content["collection_info"]["version"])
    return versions


def govc(lab: BenchLab, binary: Path, *, devices: bool) -> Sample:
    """`govc object.collect` of our properties for all machines of each vCenter."""
    paths = [*MACHINE, *([DEVICES] if devices else [])]
    command = [str(binary), "object.collect", "-json", "-type", "m", "/", *paths]
    samples = []
    for vcenter in lab.laboratory.vcenters():
        endpoint = lab.endpoint(vcenter, "reader")
        environment = {
            "GOVC_URL": f"https://{endpoint.hostname}:{endpoint.port}/sdk",
            "GOVC_USERNAME": endpoint.username,
            "GOVC_PASSWORD": endpoint.password,
            "GOVC_TLS_CA_CERTS": str(endpoint.ca_file),
        }
        sample = succeed(run(command, environment=environment), "govc object.collect")
        samples.append(sample)
    _expect_machines(lab, sum(sample.output.count('"config.instanceUuid"') for sample in samples), "govc")
    return together(samples)


def together(samples: Sequence[Sample]) -> Sample:
    """Commands run one after the other as one."""
    return Sample(
        seconds=sum(each.seconds for each in samples),
        cpu_seconds=sum(each.cpu_seconds for each in samples),
        peak_mib=max(each.peak_mib for each in samples),
        code=0,
        output="",
    )


def vm_inventory(lab: BenchLab) -> Sample:
    """`ansible-inventory --list` with community.vmware's plugin over both vCenters, with our leaf properties."""
    with scratch_folder("kyotsu-bench-") as folder:
        arguments = []
        for vcenter in lab.laboratory.vcenters():
            source = folder / f"{vcenter}.vmware.yml"
            source.write_text(json.dumps(_inventory_source(lab, vcenter)), encoding="utf-8")
            source.chmod(0o600)
            arguments += ["-i", str(source)]
        command = [str(VENV / "bin/ansible-inventory"), *arguments, "--list"]
        sample = succeed(run(command, environment=_collections(lab), folder=folder), "vmware_vm_inventory")
    _expect_machines(lab, sample.output.count('"instanceUuid"'), "vmware_vm_inventory")
    return sample


def _inventory_source(lab: BenchLab, vcenter: str) -> dict[str, Any]:
    endpoint = lab.endpoint(vcenter, "reader")
    return {
        "plugin": "community.vmware.vmware_vm_inventory",
        "strict": False,
        "hostname": endpoint.hostname,
        "port": endpoint.port,
        "username": endpoint.username,
        "password": endpoint.password,
        "validate_certs": True,
        "with_tags": False,
        "hostnames": ["config.instanceUuid"],
        "filters": ["not config.template"],
        "keyed_groups": [],
        # Its reader knows neither managed objects in these paths nor snapshots.
        "properties": [path for path in MACHINE if path.startswith(("name", "config.", "runtime.powerState"))],
    }


def vm_module(lab: BenchLab, machines: int) -> Sample:
    """The module vmware.vmware.vm in a loop over some machines with nothing to change."""
    with scratch_folder("kyotsu-bench-") as folder:
        play = folder / "play.yml"
        play.write_text(json.dumps(_loop(lab, machines)), encoding="utf-8")
        play.chmod(0o600)
        command = [str(VENV / "bin/ansible-playbook"), "-i", "localhost,", str(play)]
        sample = succeed(run(command, environment=_collections(lab), folder=folder), "vmware.vmware.vm")
    if "changed=0" not in sample.output:
        raise BenchFailed(f"vmware.vmware.vm changed something:\n{sample.output[-2000:]}")
    return sample


def _loop(lab: BenchLab, machines: int) -> list[dict[str, Any]]:
    desired = _desired(lab, machines)
    vcenter = desired[0]["vcenter"]
    endpoint = lab.endpoint(vcenter)
    task = {
        "name": "Describe a machine as it is",
        "vmware.vmware.vm": {
            "hostname": endpoint.hostname,
            "port": endpoint.port,
            "username": endpoint.username,
            "password": endpoint.password,
            "validate_certs": True,
            "datacenter": lab.target().datacenters[vcenter],
            "uuid": "{{ item.uuid }}",
            "use_instance_uuid": True,
            "cpu": {"cores": "{{ item.cpu }}"},
            "memory": {"size_mb": "{{ item.memory_mb }}"},
        },
        "loop": desired,
        "loop_control": {"label": "{{ item.uuid }}"},
    }
    variables = {"ansible_python_interpreter": str(VENV / "bin/python")}
    return [
        {"hosts": "localhost", "connection": "local", "gather_facts": False, "vars": variables, "tasks": [task]},
    ]


def _desired(lab: BenchLab, machines: int) -> list[dict[str, Any]]:
    from ansible_collections.kyotsu.platform.plugins.module_utils.desired import desired_state
    from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate

    first = desired_state(load_estate(lab.repository).estate, {})[0]
    return [
        {"vcenter": first.id, "uuid": each.instance_uuid, "cpu": each.cpu, "memory_mb": each.memory_gb * 1024}
        for each in first.machines[:machines]
    ]


def _collections(lab: BenchLab) -> dict[str, str]:
    """Ansible's defaults and nothing of this repository; the lab's authority is the only one that is trusted."""
    authority = str(lab.laboratory.state()["ca_file"])
    return {
        "ANSIBLE_CONFIG": "/dev/null/none",
        "ANSIBLE_COLLECTIONS_PATH": str(next(VENV.glob("lib/python3.*/site-packages"))),
        "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true",
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        "SSL_CERT_FILE": authority,
        "REQUESTS_CA_BUNDLE": authority,
        "PATH": f"{VENV / 'bin'}:/usr/bin:/bin",
    }


def _expect_machines(lab: BenchLab, found: int, who: str) -> None:
    """Whoever is quick because it reads less is not compared."""
    wanted = sum(len(each["machines"]) for each in _observed_counts(lab))
    if found < wanted:
        raise BenchFailed(f"{who} has found {found} of {wanted} machines")


def _observed_counts(lab: BenchLab) -> list[dict[str, Any]]:
    from ansible_collections.kyotsu.platform.plugins.module_utils.loader import load_estate

    return [{"machines": list(load_estate(lab.repository).estate.machines())}]


def versions() -> str:
    """What the alternatives are, for the report."""
    if not (VENV / ".installed").exists():
        return f"govc {GOVC_VERSION}"
    found = ", ".join(f"{name} {version}" for name, version in collection_versions().items())
    return f"govc {GOVC_VERSION}, {found} ({PACKAGES[0]})"
