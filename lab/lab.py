#!/usr/bin/env python3
"""Control the lab: build, up, status, stop, down, env, check-sources. `lab.py up --help` tells the options."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started as a script, Python looks for modules in this folder, where "lab" would be this very file.
    repository = Path(__file__).resolve().parents[1]
    sys.path[0:1] = [str(repository), str(repository / "collections")]
    from lab.command_line import main

    sys.exit(main())
