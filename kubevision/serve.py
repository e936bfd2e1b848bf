"""Serves the ASGI application with Daphne: `python -m kubevision.serve`.

Imported again by every spawned recognition process as its main module, so nothing but the standard
library is imported at the top.
"""

import argparse
import os
import sys
from urllib.parse import urlsplit


def main() -> int:
    """Serve, or say in a sentence why that cannot be; return the exit status."""
    from django.core.exceptions import ImproperlyConfigured  # noqa: PLC0415
    from django.core.management.base import SystemCheckError  # noqa: PLC0415

    try:
        return serve()
    except (ImproperlyConfigured, SystemCheckError) as error:
        print(f"KubeVision cannot start: {error}", file=sys.stderr)
        return 1


def serve() -> int:
    """Start what the settings name, serve until a signal comes, stop it again.

    Returns
    -------
    int
        Exit status: 0 after a signal, 1 if the address could not be taken.

    Raises
    ------
    ImproperlyConfigured, SystemCheckError
        If the settings do not allow a start.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    from daphne.server import Server  # noqa: PLC0415  (installs Twisted's reactor)
    from django.conf import settings  # noqa: PLC0415
    from django.core.management.base import BaseCommand  # noqa: PLC0415
    from django.utils.module_loading import import_string  # noqa: PLC0415
    from twisted.internet import reactor  # noqa: PLC0415
    from twisted.internet.interfaces import IListeningPort  # noqa: PLC0415
    from twisted.python.failure import Failure  # noqa: PLC0415

    from kubevision.asgi import application  # noqa: PLC0415  (sets Django up)

    origin = urlsplit(settings.PUBLIC_ORIGINS[0])
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=origin.port or 8000)
    options = parser.parse_args()

    class AnnouncingServer(Server):  # type: ignore[misc]  # Daphne ships no types
        """Says where to click once it listens, and what to do if it cannot."""

        failed = False

        def listen_success(self, port: IListeningPort) -> None:
            super().listen_success(port)
            # Once the reactor runs, signals are heard: before it, one would end us unfinished.
            reactor.callWhenRunning(
                print,
                f"KubeVision is ready: open {settings.PUBLIC_ORIGINS[0]} (Ctrl-C stops it)",
                flush=True,
            )

        def listen_error(self, failure: Failure) -> None:
            print(
                f"KubeVision cannot listen on {options.host}:{options.port}: "
                f"{failure.getErrorMessage()}\n"
                "If another program uses this port, choose one: "
                "PUBLIC_ORIGINS=http://localhost:8001 make run",
                file=sys.stderr,
            )
            self.failed = True
            super().listen_error(failure)

    BaseCommand().check()  # refuses to start on errors, with what to do about them
    for name in settings.SERVE_ON_START:
        import_string(name)()
    server = AnnouncingServer(
        application,
        endpoints=[f"tcp:port={options.port}:interface={options.host}"],
        # A WebSocket message of more than this drops the connection (contract section 3).
        websocket_max_message_size=MAX_MESSAGE_BYTES,
        websocket_max_frame_size=MAX_MESSAGE_BYTES,
        server_name="kubevision",
    )
    try:
        server.run()
    finally:
        for name in settings.SERVE_ON_STOP:
            import_string(name)()
    return 1 if server.failed else 0


MAX_MESSAGE_BYTES = 2 * 131_072  # twice the largest frame: one over the limit still gets its answer

if __name__ == "__main__":
    sys.exit(main())
