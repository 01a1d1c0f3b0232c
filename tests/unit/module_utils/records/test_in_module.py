"""The store works inside an Ansible module, which travels in a zip without this repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[4]
MODULE = """
from ansible.module_utils.basic import AnsibleModule
from ansible_collections.kyotsu.platform.plugins.module_utils.records import canonical
from ansible_collections.kyotsu.platform.plugins.module_utils.records.store import open_store
from ansible_collections.kyotsu.platform.plugins.module_utils.records.values import Origin

def main():
    module = AnsibleModule(argument_spec={"url": {"type": "str"}})
    with open_store(module.params["url"], production=False) as store:
        store.chain.append("custody", "tape", {}, Origin.here(run_id="r"))
        module.exit_json(ok=store.chain.verify().ok, head=store.chain.head().id, path=canonical.__file__)

main()
"""


def test_a_module_makes_the_database_and_appends_from_inside_its_zip(tmp_path: Path) -> None:
    plugins = tmp_path / "collections/ansible_collections/kyotsu/platform/plugins"
    (plugins / "modules").mkdir(parents=True)
    (plugins / "modules" / "probe.py").write_text(MODULE)
    shutil.copytree(REPOSITORY / "plugins/module_utils", plugins / "module_utils")
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": str(tmp_path / "collections"),
        "ANSIBLE_LOCAL_TEMP": str(tmp_path / "local"),
    }
    program = Path(sys.executable).with_name("ansible")
    arguments = f"url=sqlite:///{tmp_path}/records/r.sqlite3"
    done = subprocess.run(
        [
            program,
            "localhost",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "-o",
            "-m",
            "kyotsu.platform.probe",
            "-a",
            arguments,
        ],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout.partition(" => ")[2])
    assert (result["ok"], result["head"]) == (True, 1)
    assert ".zip/" in result["path"]
