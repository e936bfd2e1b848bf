"""Serves the ASGI application with Daphne: `python -m kubevision.serve`.

Imported again by every spawned recognition process as its main module, so nothing but the standard
library is imported at the top.
"""

import argparse
import os
import signal
import sys
from typing import Any
from urllib.parse import urlsplit


def _leave(*_signal: Any) -> None:
    """End before the server hears signals itself: nobody waits for it yet."""
    sys.exit(0)


def main() -> int:
    """Serve, or say in a sentence why that cannot be; return the exit status."""
    # The first process of a container gets no signal that it has no handler for.
    signal.signal(signal.SIGTERM, _leave)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    from kubevision import startup  # noqa: PLC0415

    with startup.said_in_words():
        return serve()


def serve() -> int:
    """Start what the settings name, serve until a signal comes, drain, stop it again.

    Returns
    -------
    int
        Exit status: 0 after a signal, 1 if the address could not be taken.

    Raises
    ------
    ImproperlyConfigured, SystemCheckError
        If the settings do not allow a start.
    """
    from kubevision import management_port, startup  # noqa: PLC0415

    startup.set_up()
    from django.conf import settings  # noqa: PLC0415
    from django.utils.module_loading import import_string  # noqa: PLC0415

    from kubevision.draining_server import DrainingServer  # noqa: PLC0415  (installs a reactor)

    origin = urlsplit(settings.PUBLIC_ORIGINS[0])
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=origin.port or 8000)
    options = parser.parse_args()

    management_socket = management_port.bind()
    try:
        for name in settings.SERVE_ON_START:
            import_string(name)()
        management_port.start(management_socket)
        server = DrainingServer(options.host, options.port)
        server.run()
    finally:
        management_port.stop()
        for name in settings.SERVE_ON_STOP:
            import_string(name)()
    return 1 if server.failed else 0


if __name__ == "__main__":
    sys.exit(main())
