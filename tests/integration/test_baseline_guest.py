"""playbooks/baseline.yml on a guest that boots: what it says, what is there afterwards, and that it is there once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.paths import lab_paths
from tests.support.guest_lab import needs_guests
from tests.support.one_guest import OneGuest, one_guest, run

HOST, ADDRESS, MIRROR, CHANNEL = "s02-db01", "198.19.0.64", "198.19.7.12", "wave-3"

INSTALL = "Install the service and kyotsu-health"
OF_THIS_MACHINE = Path("/etc/ssh/authorized_keys")

pytestmark = needs_guests


def keys_of_this_machine() -> dict[str, bytes] | None:
    """The keys that let somebody in to this machine, by file; None where there is no folder for them."""
    if not OF_THIS_MACHINE.exists():
        return None
    return {path.name: path.read_bytes() for path in OF_THIS_MACHINE.iterdir()}


@pytest.fixture(scope="module")
def keys_before() -> dict[str, bytes] | None:
    """What this machine has before the playbook runs for the first time."""
    return keys_of_this_machine()


@pytest.fixture(scope="module")
def guest(tmp_path_factory: pytest.TempPathFactory, keys_before: dict[str, bytes] | None) -> Iterator[OneGuest]:
    """A guest as first boot leaves it; the tests of this file follow one another."""
    lab = lab_paths("baseline", tmp_path_factory.mktemp("lab"))
    with one_guest(lab, HOST, "mynumber", ADDRESS, MIRROR) as each:
        yield each


def counts(recap: dict[str, dict[str, int]]) -> tuple[int, int]:
    return recap[HOST]["changed"], recap[HOST]["failed"] + recap[HOST]["unreachable"]


def changed_tasks(output: str) -> list[str]:
    """Names of the tasks and handlers that changed something, in their order."""
    names, last = [], ""
    for line in output.splitlines():
        if line.startswith(("TASK [", "RUNNING HANDLER [")):
            last = line.partition("[")[2].partition("]")[0]
        elif line.startswith("changed: ") and last not in names:
            names.append(last)
    return names


def test_1_check_mode_says_what_will_be_done_and_does_nothing(guest: OneGuest) -> None:
    before = guest.inside("find", "/etc", "/usr", "/home", "/var/lib/dpkg", "-newer", "/proc/1/cmdline")
    code, output, recap = guest.playbook("baseline", "--check", "--diff")
    assert code == 0, output
    told = changed_tasks(output)
    assert guest.inside("find", "/etc", "/usr", "/home", "/var/lib/dpkg", "-newer", "/proc/1/cmdline") == before
    assert guest.inside("dpkg-query", "--show", "kyotsu-sample-service", check=False) == ""

    code, output, recap = guest.playbook("baseline")
    assert code == 0, output
    assert counts(recap)[0] > 3
    done = changed_tasks(output)
    assert done[-1] == "guest_baseline : Reload sshd"
    # What check mode can only announce has another name there.
    assert [name.replace("Ask whether the service and kyotsu-health are installed", INSTALL) for name in told] == done


def test_2_a_second_run_changes_nothing_in_check_mode_too(guest: OneGuest) -> None:
    for arguments in ([], ["--check"]):
        code, output, recap = guest.playbook("baseline", *arguments)
        assert code == 0, output
        assert counts(recap) == (0, 0), output


def test_3_packages_come_from_the_own_mirror_only(guest: OneGuest) -> None:
    sources = guest.inside("sh", "-c", "cat /etc/apt/sources.list /etc/apt/sources.list.d/*")
    assert [line for line in sources.splitlines() if "://" in line] == [f"URIs: http://{MIRROR}/channels/{CHANNEL}"]
    assert guest.inside("apt-cache", "policy", "kyotsu-sample-service").count("http://") == 1


def test_4_the_service_of_the_role_listens_and_comes_back_at_boot(guest: OneGuest) -> None:
    assert guest.inside("kyotsu-health").strip() == "OK kyotsu-sample-service 1.0 db"
    listening = run(*guest.namespace, "ss", "-Hltn")
    assert ":5432 " in listening
    assert "S" in guest.inside("sh", "-c", "ls /etc/rc2.d | grep kyotsu-sample-service")
    owner = guest.inside("sh", "-c", "ps -o user= -p $(cat /run/kyotsu-sample-service.pid)")
    assert owner.strip().startswith("kyotsu")
    guest.inside("service", "kyotsu-sample-service", "stop")
    assert guest.inside("kyotsu-health", check=False).startswith("FAIL ")


def test_5_the_playbook_starts_a_service_that_somebody_has_stopped(guest: OneGuest) -> None:
    code, output, _ = guest.playbook("baseline", "--tags", "service,health")
    assert code == 0, output
    assert changed_tasks(output) == ["guest_baseline : Start the service now and at each boot"]
    assert guest.inside("kyotsu-health").startswith("OK ")


def test_6_nobody_gets_in_by_password_or_as_root_or_by_a_key_of_their_own(guest: OneGuest) -> None:
    settings = dict(
        line.split(" ", 1) for line in guest.inside("/usr/sbin/sshd", "-T").lower().splitlines() if " " in line
    )
    assert settings["permitrootlogin"] == "no"
    assert settings["passwordauthentication"] == "no"
    assert settings["kbdinteractiveauthentication"] == "no"
    assert settings["disableforwarding"] == "yes"
    assert settings["maxauthtries"] == "4"
    assert settings["authorizedkeysfile"] == "/etc/ssh/authorized_keys/%u"
    assert settings["banner"] == "/etc/issue.net"
    assert "許可された者" in guest.read("/etc/issue.net")
    assert guest.inside("passwd", "--status", "kyotsu-admin").split()[1] == "L"


def test_7_what_somebody_has_changed_by_hand_is_put_right_and_nothing_else(guest: OneGuest) -> None:
    guest.inside("sh", "-c", "echo 'deb http://192.0.2.1/debian bookworm main' >/etc/apt/sources.list.d/more.list")
    guest.inside("sh", "-c", "echo ssh-ed25519 AAAA >/etc/ssh/authorized_keys/intruder; chmod 0666 /etc/shadow")
    code, output, recap = guest.playbook("baseline", "--check", "--diff")
    assert code == 0, output
    assert changed_tasks(output) == [
        "guest_baseline : Write package source, time, rights, log forwarding and hardening"
    ]
    for path in ("more.list", "intruder", "/etc/shadow"):
        assert path in output
    code, output, recap = guest.playbook("baseline")
    assert counts(recap) == (1, 0), output
    assert guest.inside("ls", "/etc/apt/sources.list.d").split() == ["kyotsu.sources"]
    assert guest.inside("ls", "/etc/ssh/authorized_keys").split() == ["kyotsu-admin"]
    assert guest.inside("stat", "-c", "%a %U:%G", "/etc/shadow").strip() == "640 root:shadow"


def test_8_a_promoted_patch_is_installed_and_the_service_stays_healthy(guest: OneGuest) -> None:
    guest.mirror.promote(CHANNEL, "patch-2026-11", approved_by="A")
    new = guest.mirror.manifest("patch-2026-11")
    guest.inside("apt-get", "-qq", "update")
    guest.inside("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y", "upgrade")
    versions = dict(
        line.split() for line in guest.inside("dpkg-query", "-W", "-f", "${Package} ${Version}\n").splitlines()
    )
    assert {name: versions[name] for name in new if name in versions} == {
        name: entry.version for name, entry in new.items() if name in versions
    }
    assert guest.inside("kyotsu-health").strip() == "OK kyotsu-sample-service 1.1 db"
    starts = [line.split()[1] for line in guest.read("/var/lib/kyotsu-sample-service/history").splitlines()]
    assert starts[0] == "1.0"
    assert starts[-1] == "1.1"


def test_9_the_bad_version_installs_and_fails_its_health_check(guest: OneGuest) -> None:
    guest.mirror.promote(CHANNEL, "patch-2026-12", approved_by="A")
    guest.inside("apt-get", "-qq", "update")
    guest.inside("env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-y", "upgrade")
    assert guest.inside("kyotsu-health", check=False).startswith("FAIL kyotsu-sample-service 1.2 db: ")
    code, output, recap = guest.playbook("baseline", "--tags", "health")
    assert code != 0
    assert "does not understand the state" in output
    assert counts(recap) == (0, 1)


def test_a_list_without_the_account_of_ansible_is_refused_before_anything_is_done(guest: OneGuest) -> None:
    others = '{"kyotsu_administrators": [{"name": "somebody", "key": "ssh-ed25519 AAAA"}]}'
    code, output, recap = guest.playbook("baseline", "-e", others)
    assert code != 0
    assert "could not log in" in output
    assert counts(recap) == (0, 1)


def test_a_machine_without_guest_in_the_lab_is_left_out(guest: OneGuest) -> None:
    (guest.lab.root / "known_hosts").write_text(f"s02-db09,{ADDRESS}9 ssh-ed25519 \n", encoding="utf-8")
    code, output, recap = guest.playbook("baseline", "--check")
    assert code == 0, output
    assert recap == {}
    (guest.lab.root / "known_hosts").write_text(f"{HOST},{ADDRESS} ssh-ed25519 \n", encoding="utf-8")


def test_no_private_key_is_in_the_guest_but_its_own(guest: OneGuest) -> None:
    found = guest.inside("sh", "-c", "grep -rl 'PRIVATE KEY' /etc /home /root /var /usr/share/keyrings", check=False)
    assert found.split() == ["/etc/ssh/ssh_host_ed25519_key"]


def test_the_baseline_of_a_guest_leaves_this_machine_as_it_was(
    guest: OneGuest, keys_before: dict[str, bytes] | None
) -> None:
    assert guest.inside("ls", str(OF_THIS_MACHINE)).split() == ["kyotsu-admin"]
    assert keys_of_this_machine() == keys_before
