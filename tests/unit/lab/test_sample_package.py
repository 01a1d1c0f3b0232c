"""The sample service's packages, as dpkg sees them, and the service itself as far as it runs without a guest."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from lab.mirror.sample_package import PACKAGE, SOURCES, VERSIONS, build


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    return {version: build(version, folder) for version in VERSIONS}


def show(*arguments: str) -> str:
    return subprocess.run(["dpkg-deb", *arguments], capture_output=True, text=True, check=True).stdout


def test_each_version_is_a_package_of_root_with_its_programs(packages: dict[str, Path]) -> None:
    for version, file in packages.items():
        assert show("--field", str(file), "Package", "Version").splitlines() == [
            f"Package: {PACKAGE}",
            f"Version: {version}",
        ]
        lines = [line.split() for line in show("--contents", str(file)).splitlines()]
        assert {line[1] for line in lines} == {"root/root"}
        programs = {line[5]: line[0] for line in lines if line[0].startswith("-")}
        assert programs == dict.fromkeys(
            ["./etc/init.d/kyotsu-sample-service", "./usr/bin/kyotsu-health", "./usr/sbin/kyotsu-sample-service"],
            "-rwxr-xr-x",
        )
        assert {line[0] for line in lines if line[0].startswith("d")} == {"drwxr-xr-x"}


def test_only_the_last_version_has_a_defect(packages: dict[str, Path], tmp_path: Path) -> None:
    for version, file in packages.items():
        tree = tmp_path / version
        subprocess.run(["dpkg-deb", "--extract", str(file), str(tree)], check=True)
        text = (tree / "usr/sbin/kyotsu-sample-service").read_text(encoding="utf-8")
        assert f'VERSION = "{version}"' in text
        assert ('DEFECT = ""' in text) == (version != "1.2")
        assert "@" not in text.replace("@VERSION", "")


def test_the_same_sources_give_the_same_package(packages: dict[str, Path], tmp_path: Path) -> None:
    for version, file in packages.items():
        assert build(version, tmp_path).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("script", ["init", "postinst", "prerm", "postrm"])
def test_a_script_is_one_for_every_posix_shell(script: str) -> None:
    subprocess.run(["dash", "-n", str(SOURCES / script)], check=True)


@pytest.mark.parametrize("program", ["kyotsu-sample-service", "kyotsu-health"])
def test_a_program_is_python(program: str) -> None:
    compile((SOURCES / program).read_text(encoding="utf-8"), program, "exec")


def test_health_of_a_machine_without_a_role_cannot_be_told() -> None:
    assert not Path("/etc/kyotsu/role.conf").exists()
    answer = subprocess.run([SOURCES / "kyotsu-health"], capture_output=True, text=True, check=False)
    assert answer.returncode == 2
    assert "playbooks/baseline.yml" in answer.stdout
