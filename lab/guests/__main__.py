"""The guest manager of one lab: python -m lab.guests FOLDER. It runs in the lab's mount namespace (see process.py)."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import sys
import threading
from pathlib import Path

from lab.guests.carried import Carried
from lab.guests.manager import Manager
from lab.guests.network import ensure_network
from lab.guests.server import Server
from lab.guests.settings import GuestPaths, Settings
from lab.guests.watch import Watch
from lab.paths import lab_paths
from lab.platform_services import PlatformServices
from lab.tape.agents import GuestAgents

_PR_SET_CHILD_SUBREAPER = 36


def main() -> int:
    """Serve until SIGTERM."""
    paths = GuestPaths(Path(sys.argv[1]))
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    # The PID 1 of a guest becomes this process's child when runc ends: its exit can be waited for.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    settings = Settings.read(paths.settings_file)
    ensure_network(settings.namespace, settings.networks, settings.flows)
    lab = lab_paths(paths.root.parent.name, paths.root.parent.parent)
    services = Carried((PlatformServices(lab, settings.namespace, settings.networks), GuestAgents(lab)))
    manager = Manager(paths, settings, services)
    os.chdir(paths.root)
    paths.socket.unlink(missing_ok=True)
    # Guests' processes inherit this mask, so it is the usual one; the folder is closed to others instead.
    os.umask(0o022)
    paths.root.chmod(0o700)
    server = Server(paths.socket.name, manager)
    watch = Watch(manager)
    watching = threading.Thread(target=watch.run, name="watch", daemon=True)
    watching.start()
    signal.signal(signal.SIGTERM, lambda _number, _frame: threading.Thread(target=server.shutdown).start())
    server.serve_forever(poll_interval=0.2)
    watch.stop()
    watching.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
