#!/usr/bin/env python3
"""Control the lab: build, up, status, stop, down, env, check-sources. `lab.py up --help` tells the options."""

import sys
from pathlib import Path

if __name__ == "__main__":
    # Started as a script, Python looks for modules in this folder, where "lab" would be this very file.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    from lab.command_line import main

    sys.exit(main())
