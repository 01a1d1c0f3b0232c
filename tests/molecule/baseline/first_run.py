"""The first run of baseline: check mode writes nothing and names the very tasks that then change something."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from guests import GUESTS, LAB, REPOSITORY, inside

# Every file of the system's folders with content, owner and mode; what changes by itself stays out.
_STATE = (
    "sudo find /etc /usr /root /home /var/lib/postgresql /var/lib/dpkg -xdev"
    " -printf '%p %m %u %g %s %T@ %l\\n' | sort | sha256sum"
)
# In check mode the question is what says that something would be installed; without it the installation itself.
_SAME = {
    "Ask whether the service and kyotsu-health are installed": "install",
    "Install the service and kyotsu-health": "install",
    # It starts with its installation, so that nothing is left for this task to do.
    "Start the service now and at each boot": "install",
}


def baseline(*arguments: str) -> set[tuple[str, str]]:
    """Run the playbook and give (task, host) of everything that changed or would; raises SystemExit if it fails."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "MOLECULE_"))}
    own |= {"ANSIBLE_CONFIG": str(REPOSITORY / "ansible.cfg"), "KYOTSU_LAB": LAB, "ANSIBLE_NOCOLOR": "1"}
    command = [str(Path(sys.executable).parent / "ansible-playbook"), "playbooks/baseline.yml", *arguments]
    finished = subprocess.run(
        [*command, f"--limit={':'.join(GUESTS)}"],
        cwd=REPOSITORY,
        env=own,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode != 0:
        raise SystemExit(finished.stdout + finished.stderr)
    found, task = set(), ""
    for line in finished.stdout.splitlines():
        if named := re.match(r"(?:TASK|RUNNING HANDLER) \[(?:guest_baseline : )?(.*)\] \*", line):
            task = named.group(1)
        elif changed := re.match(r"changed: \[([^\]]+)\]", line):
            found.add((_SAME.get(task, task), changed.group(1)))
    return found


def main() -> int:
    """Exit 0 when plan and run agree and the plan wrote nothing."""
    before = {name: inside(name, _STATE) for name in GUESTS}
    planned = baseline("--check")
    lines = [f"{name}: cannot be looked at" for name in GUESTS if not before[name]]
    lines += [f"{name}: check mode wrote something" for name in GUESTS if inside(name, _STATE) != before[name]]
    done = baseline()
    lines += [f"{host}: {task}: done and not planned" for task, host in sorted(done - planned)]
    lines += [f"{host}: {task}: planned and not done" for task, host in sorted(planned - done)]
    if {host for _, host in done} != set(GUESTS):
        lines.append(f"the first run changed only {sorted({host for _, host in done})}: the check would prove nothing")
    print("\n".join(lines))
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
