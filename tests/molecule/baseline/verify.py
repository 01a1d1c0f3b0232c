"""Ask guests and name servers, without a line of the role, whether the baseline and what belongs to it is there."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator

import yaml
from guests import GUESTS, REPOSITORY, asked, inside

# Ports as a reader of platform/ and the role's documentation expects them.
PORTS = {"s02-db01": 5432, "s02-ap01": 8080, "s11-web01": 80}
SEGMENTS = {"s02-db01": "mynumber", "s02-ap01": "mynumber", "s11-web01": "internet"}
# Whom each asks the name servers for: first boot writes a machine's own name to its /etc/hosts, and no other. Names are
# those of the machines that were provisioned and of the platform's own.
OTHERS = {"s02-db01": "s02-ap01", "s02-ap01": "s02-db01", "s11-web01": "platform-internet-mirror01"}


def problems() -> Iterator[str]:
    """What is not as it should be."""
    for name in GUESTS:
        listening = inside(name, "ss -Hltn")
        if not re.search(rf"(\*|0\.0\.0\.0|\]):{PORTS[name]}\b", listening):
            yield f"{name}: nothing listens on port {PORTS[name]}"
        code, health = asked(name, "kyotsu-health")
        if code != 0 or not health.startswith("OK "):
            yield f"{name}: kyotsu-health ends with {code} and says {health!r}"
        settings = inside(name, "sudo /usr/sbin/sshd -T").lower()
        for wanted in ("permitrootlogin no", "passwordauthentication no", "banner /etc/issue.net"):
            if wanted not in settings:
                yield f"{name}: sshd does not say {wanted}"
        sources = inside(name, "cat /etc/apt/sources.list /etc/apt/sources.list.d/*")
        found = re.findall(r"http://([0-9.]+)/", sources)
        if found != [_mirror(SEGMENTS[name])]:
            yield f"{name}: packages come from {found}, not from the mirror of {SEGMENTS[name]}"
        for wanted in (OTHERS[name], name):
            answer = inside(name, f"getent -s dns ahostsv4 {wanted}.{SEGMENTS[name]}.kyotsu.test")
            if {line.split()[0] for line in answer.splitlines()} != {_address(wanted)}:
                yield f"{name}: the name servers say {answer!r} of {wanted}, which has {_address(wanted)}"
    if inside("s02-db01", "sudo -u postgres psql -tAc 'show port'") != str(PORTS["s02-db01"]):
        yield "s02-db01: what listens is no PostgreSQL"
    if inside("s02-db01", "sudo -u postgres psql -tAc 'select 6*7'") != "42":
        yield "s02-db01: PostgreSQL does not answer"
    if "/var/lib/postgresql" not in inside("s02-db01", "sudo -u postgres psql -tAc 'show data_directory'"):
        yield "s02-db01: the database is not on its disk"


def _mirror(segment: str) -> str:
    return {"internet": "198.18.7.12", "lgwan": "198.18.133.12", "mynumber": "198.19.7.12"}[segment]


def _address(name: str) -> str:
    """The first address of a machine in systems/."""
    for path in (REPOSITORY / "systems").glob("*.yml"):
        for machine in yaml.safe_load(path.read_text(encoding="utf-8")).get("machines", []):
            if machine["name"] == name:
                return str(machine["nics"][0]["address"])
    raise SystemExit(f"systems/ describes no machine {name}")


def main() -> int:
    """Exit 0 when all is well."""
    os.chdir(REPOSITORY)
    lines = list(problems())
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
