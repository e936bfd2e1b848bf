"""Gunicorn's configuration: `gunicorn -c python:kubevision.gunicorn kubevision.wsgi`.

For the rooms without sockets. One process with threads a container: counters, cached keys and
the management port are a process's own, and a cluster adds copies, not processes (decision 29).
"""

import signal
import socket
from typing import Any

from kubevision import draining, management_port, startup

bind = "127.0.0.1:8000"
workers = 1
worker_class = "gthread"
# A request waits for the database or for accounts most of its time. Eight checks of a password at
# once take 8 x 46 MiB.
threads = 8
# Seconds without a sign of life from the worker after which it is replaced.
timeout = 30
# The slowest request, an activation that waits for facelogin, may take 10 s.
graceful_timeout = 15
# Idle connections stay longer than an ingress keeps them (nginx: 60 s), so that the ingress closes
# first and no request meets a closing door.
keepalive = 75
# The scheme is judged by kubevision.request_context, which knows TRUSTED_PROXIES.
forwarded_allow_ips = ""
control_socket_disable = True
worker_tmp_dir = "/dev/shm"  # noqa: S108  (gunicorn's sign of life; memory, so no disk can block it)

_management_socket: socket.socket


def on_starting(_server: Any) -> None:
    """Refuse to start, in words, before any worker exists; take the management port."""
    global _management_socket  # noqa: PLW0603  (handed to the worker by fork)
    with startup.said_in_words():
        startup.set_up()
        _management_socket = management_port.bind()


def post_worker_init(worker: Any) -> None:
    """Answer on the management port, and say not ready from the first SIGTERM on."""
    management_port.start(_management_socket)

    def stop_gracefully(number: int, frame: Any) -> None:
        draining.begin()
        worker.handle_exit(number, frame)

    signal.signal(signal.SIGTERM, stop_gracefully)


def worker_exit(_server: Any, _worker: Any) -> None:
    """Give the management port back."""
    management_port.stop()
