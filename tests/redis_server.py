"""A real redis-server of the tests' own: on a free port, in memory only, killed and started."""

import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from redis import Redis, RedisError

from tests.product import free_port
from tests.three_rooms import wait_until


@dataclass
class RedisServer:
    """One Redis; its address stays while it comes and goes."""

    port: int
    # What redis-server is told besides; `address` is then what REDIS_URL says.
    options: tuple[str, ...] = ()
    address: str = ""
    password: str | None = None
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Return what REDIS_URL says."""
        return self.address or f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, empty, and wait until it answers."""
        program = shutil.which("redis-server")
        if program is None:
            raise RuntimeError("redis-server is missing; on Debian: apt install redis-server")
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly"]
        command = [program, *options, "no", *self.options]
        if self.password is not None:
            command += ["--requirepass", self.password]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        wait_until(self._answers, "redis-server")

    def kill(self) -> None:
        """Kill it as a node that fails does; it forgets everything."""
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()

    def _answers(self) -> bool:
        try:
            with Redis(port=self.port, password=self.password) as client:
                return bool(client.ping())
        except RedisError:
            return False

    def held(self) -> list[str]:
        """Return the names of all that it holds."""
        with Redis(port=self.port) as client:
            return [key.decode() for key in client.scan_iter()]


@contextmanager
def redis_server(*, is_there: bool = True, **server_as: Any) -> Iterator[RedisServer]:
    """Run one until the block is left; `is_there`: from the start."""
    server = RedisServer(free_port(), **server_as)
    try:
        if is_there:
            server.start()
        yield server
    finally:
        server.kill()
