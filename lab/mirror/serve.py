#!/usr/bin/env python3
"""Serve the folder of a package mirror over HTTP, read only. Needs nothing but Python: it runs in any namespace.

Example: nsenter --target 4711 --net lab/mirror/serve.py --root .lab/default/mirror/lgwan/www --bind 198.18.133.12
"""

import argparse
import signal
import socket
import sys
from functools import partial
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_IP_FREEBIND = 15  # <linux/in.h>; the socket module of Python 3.11 does not have it


class Handler(SimpleHTTPRequestHandler):
    """Files below the root, never a list of a folder, never what a link out of the root points to."""

    protocol_version = "HTTP/1.1"  # apt keeps its connection
    server_version = "kyotsu-mirror"
    sys_version = ""
    timeout = 60

    def send_head(self):  # type: ignore[no-untyped-def]  # the base class has no types here
        """Refuse what is outside of the root or no file, else do as the base class does."""
        root = Path(self.directory).resolve()
        path = Path(self.translate_path(self.path)).resolve()
        if not path.is_relative_to(root) or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        # Of two snapshots neither is "not modified since" the other, whatever the times of their files are.
        del self.headers["If-Modified-Since"]
        return super().send_head()


class Server(ThreadingHTTPServer):
    """One thread per connection; a hundred guests may come at once."""

    daemon_threads = True
    request_queue_size = 256
    before_address = False

    def server_bind(self) -> None:
        """Bind, if asked also to an address that a guest which still boots will only have in a moment."""
        if self.before_address:
            self.socket.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
        super().server_bind()


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, required=True, help="folder to serve")
    parser.add_argument("--bind", required=True, help="address to listen at; guests of other segments do not reach it")
    parser.add_argument("--port", type=int, default=80, help="0: the kernel chooses; it is printed (default: 80)")
    parser.add_argument("--before-address", action="store_true", help="start although nobody has the address yet")
    options = parser.parse_args()
    if not options.root.is_dir():
        parser.error(f"{options.root} is no folder")
    Server.before_address = options.before_address
    server = Server((options.bind, options.port), partial(Handler, directory=str(options.root)))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print(f"serving {options.root} at http://{options.bind}:{server.server_port}/", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
