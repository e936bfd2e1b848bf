"""The management port: /livez, /readyz and /metrics for whoever operates this process.

A small server of the standard library in threads of its own, so that it answers also while the
public port is overloaded. It is one port a process, apart from the public one, so that no ingress
can route to it by mistake.
"""

import json
import logging
import os
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connections
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from kubevision import liveness, readiness

logger = logging.getLogger(__name__)

REQUEST_TIMEOUT_SECONDS = 5.0  # a caller that sends no request must not hold a thread for long
# Threads: kubelet, Prometheus and a curious operator are three. Whoever comes beyond is hung up on.
MAX_CALLERS = 16


class Handler(BaseHTTPRequestHandler):
    """Answers the three paths of the contract."""

    timeout = REQUEST_TIMEOUT_SECONDS
    server_version, sys_version = "kubevision", ""

    def do_GET(self) -> None:
        """Answer one request."""
        match urlsplit(self.path).path:
            case "/livez":
                self._answer_livez()
            case "/readyz":
                self._answer_readyz()
            case "/metrics":
                self._answer(200, CONTENT_TYPE_LATEST, generate_latest())
            case _:
                self._answer_json(404, {"status": "not_found"})

    do_HEAD = do_GET  # noqa: N815

    def _answer_livez(self) -> None:
        if liveness.is_stuck():
            self._answer_json(503, {"status": "stuck"})
        else:
            self._answer_json(200, {"status": "alive"})

    def _answer_readyz(self) -> None:
        try:
            found = readiness.ask()
        finally:
            connections.close_all()  # they belong to this thread, which ends now
        if found.failing:
            self._answer_json(503, {"status": "not_ready", "failing": found.failing})
        else:
            self._answer_json(200, {"status": "ready", "notes": found.notes})

    def _answer_json(self, status: int, body: dict[str, object]) -> None:
        self._answer(status, "application/json", json.dumps(body).encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Write nothing: a probe every few seconds is no news."""


class ManagementServer(ThreadingHTTPServer):
    """Serves on a socket that was bound before, perhaps by the parent process."""

    daemon_threads = True

    def __init__(self, listening: socket.socket) -> None:
        self._places = threading.BoundedSemaphore(MAX_CALLERS)
        super().__init__(listening.getsockname()[:2], Handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread, if there is one left."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and give the thread back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep a caller that hung up out of the log; what breaks in a check is logged there."""
        logger.debug("the management port lost a caller", exc_info=True)


_server: ManagementServer | None = None


def bind() -> socket.socket:
    """Take the management port; nobody is answered yet.

    Raises
    ------
    ImproperlyConfigured
        If it is taken or not allowed; says what to do.
    """
    host, port = settings.MANAGEMENT_HOST, settings.MANAGEMENT_PORT
    # "" is every address of the machine, also by IPv6 where there is any.
    has_both = not host and socket.has_dualstack_ipv6()
    try:
        return socket.create_server(
            (host, port),
            family=socket.AF_INET6 if has_both else socket.AF_INET,
            dualstack_ipv6=has_both,
        )
    except OSError as error:
        raise ImproperlyConfigured(
            f"the management port {host or '*'}:{port} cannot be taken: "
            f"{os.strerror(error.errno or 0)}. If another program uses it, choose one. "
            "Example: MANAGEMENT_PORT=9010"
        ) from None


def start(listening: socket.socket) -> None:
    """Answer on a bound socket, in threads."""
    global _server  # noqa: PLW0603  (one a process; start and stop are its whole life)
    _server = ManagementServer(listening)
    threading.Thread(
        target=_server.serve_forever, args=(0.1,), name="management", daemon=True
    ).start()


def stop() -> None:
    """Answer no more and give the port back."""
    global _server  # noqa: PLW0603  (see start)
    if _server is not None:
        _server.shutdown()
        _server.server_close()
    _server = None
