"""Traefik itself, fed with what an overlay renders to: paths, TLS, sockets, whole requests.

It asks a stand-in for the API server; behind the Services of the rooms stand servers that say their
name. So the routes and middlewares are read by who will read them in a cluster of k3s.
"""

import base64
import json
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from kubevision.first_start import certificate
from tests.cluster.api_server import Cluster, api_server
from tests.cluster.rendering import (
    GATEWAY,
    HYBRID,
    NAMESPACE,
    ON_PREM,
    ROOMS,
    Case,
    Object,
    name_of,
    of_kind,
)
from tests.manifests.tools import tool
from tests.product import free_port, stop
from tests.three_rooms import wait_until

HOST = "portal.example.org"
BY_GATEWAY = ON_PREM.with_components(*GATEWAY)


class _SaysItsName(BaseHTTPRequestHandler):
    """A room's stand-in: says who it is and what it was told; of a socket it sends all back."""

    protocol_version = "HTTP/1.1"
    room = ""
    begun: list[str]

    def log_message(self, *_arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self.begun.append(self.path)
        if self.headers.get("Upgrade") == "websocket":
            self.send_response(101)
            self.send_header("Upgrade", "websocket")
            self.send_header("Connection", "Upgrade")
            self.end_headers()
            while said := self.connection.recv(1024):
                self.connection.sendall(said)
            self.close_connection = True
            return
        length = int(self.headers.get("Content-Length", 0))
        read = len(self.rfile.read(length))
        told = {"room": self.room, "path": self.path, "read": read, "headers": dict(self.headers)}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


@contextmanager
def room_stand_in(name: str) -> Iterator[tuple[int, list[str]]]:
    begun: list[str] = []

    class Handler(_SaysItsName):
        pass

    Handler.room, Handler.begun = name, begun
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield server.server_address[1], begun
    finally:
        server.shutdown()
        server.server_close()


@dataclass
class Ingress:
    """A running Traefik."""

    http: int
    https: int
    authority: Path
    begun: dict[str, list[str]]

    def client(self) -> httpx.Client:
        trusted = ssl.create_default_context(cafile=self.authority)
        return httpx.Client(
            verify=trusted,
            headers={"Host": HOST},
            trust_env=False,
            base_url=f"https://127.0.0.1:{self.https}",
            timeout=10,
        )

    def get(self, path: str, **headers: str) -> httpx.Response:
        with self.client() as client:
            return client.get(path, headers=headers, extensions={"sni_hostname": HOST})

    def raw(self) -> ssl.SSLSocket:
        """Return a connection that speaks TLS with the portal's name."""
        trusted = ssl.create_default_context(cafile=self.authority)
        plain = socket.create_connection(("127.0.0.1", self.https), timeout=10)
        return trusted.wrap_socket(plain, server_hostname=HOST)


def _give_defaults(objects: list[Object]) -> None:
    """Fill in what the real API server does and a controller relies on."""
    for found in of_kind(objects, "Service"):
        for port in found["spec"]["ports"]:
            port.setdefault("protocol", "TCP")
    for found in of_kind(objects, "Gateway"):
        for listener in found["spec"]["listeners"]:
            for one in listener.get("tls", {}).get("certificateRefs", []):
                one |= {"group": "", "kind": "Secret"}


def _fill(cluster: Cluster, objects: list[Object], ports: dict[str, int], tls: Path) -> None:
    _give_defaults(objects)
    for found in objects:
        cluster.put(found)
    pair = {"tls.crt": "certificate.pem", "tls.key": "certificate.key"}
    data = {key: base64.b64encode((tls / file).read_bytes()).decode() for key, file in pair.items()}
    described = {"name": "portal-tls", "namespace": NAMESPACE}
    secret = {"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls", "data": data}
    cluster.put(secret | {"metadata": described})
    for kind, controller in (("IngressClass", "ingress"), ("GatewayClass", "gateway")):
        group = "networking.k8s.io" if kind == "IngressClass" else "gateway.networking.k8s.io"
        said = {f"controller{'Name' if kind == 'GatewayClass' else ''}": f"traefik.io/{controller}"}
        said = {key: f"{value}-controller" for key, value in said.items()}
        named = {"metadata": {"name": "traefik"}, "spec": said}
        cluster.put({"apiVersion": f"{group}/v1", "kind": kind, **named})
    for name, port in ports.items():
        cluster.put(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{name}-1",
                    "namespace": NAMESPACE,
                    "labels": {"kubernetes.io/service-name": name},
                },
                "addressType": "IPv4",
                "endpoints": [{"addresses": ["127.0.0.1"], "conditions": {"ready": True}}],
                "ports": [{"name": "http", "port": port, "protocol": "TCP"}],
            }
        )


@contextmanager
def running_traefik(case: Case, folder: Path) -> Iterator[Ingress]:
    with ExitStack() as running:
        begun, ports = {}, {}
        for name in ROOMS:
            ports[name], begun[name] = running.enter_context(room_stand_in(name))
        http, https = free_port(), free_port()
        objects = case.objects()
        for found in of_kind(objects, "Gateway"):
            for listener in found["spec"]["listeners"]:
                listener["port"] = https if listener["protocol"] == "HTTPS" else http
        certificate.make(folder, folder, certificate.names_of(f"https://{HOST}"))
        cluster = running.enter_context(api_server())
        _fill(cluster, objects, ports, folder)
        provider = "kubernetesgateway" if of_kind(objects, "Gateway") else "kubernetesingress"
        log = running.enter_context((folder / "traefik.log").open("w"))
        process = subprocess.Popen(
            [
                tool("traefik"),
                f"--entrypoints.web.address=127.0.0.1:{http}",
                f"--entrypoints.websecure.address=127.0.0.1:{https}",
                # As k3s starts it.
                "--entrypoints.websecure.http.tls=true",
                *(f"--providers.{name}=true" for name in (provider, "kubernetescrd")),
                *(
                    f"--providers.{name}.endpoint={cluster.url}"
                    for name in (provider, "kubernetescrd")
                ),
                "--global.checknewversion=false",
                "--global.sendanonymoususage=false",
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
            env={"KUBERNETES_SERVICE_HOST": "", "PATH": ""},
            start_new_session=True,
        )
        running.callback(stop, process)
        found = Ingress(http, https, folder / "authority.pem", begun)

        def answers() -> bool:
            try:
                return found.get("/").status_code == 200 or process.poll() is not None
            except (httpx.TransportError, OSError):
                return process.poll() is not None

        try:
            wait_until(answers, "Traefik")
        except Exception as error:
            raise RuntimeError((folder / "traefik.log").read_text()[-3000:]) from error
        assert process.poll() is None, (folder / "traefik.log").read_text()[-3000:]
        yield found


@pytest.fixture(scope="module", params=[ON_PREM, BY_GATEWAY], ids=str)
def ingress(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ingress]:
    with running_traefik(request.param, tmp_path_factory.mktemp("traefik")) as running:
        running.is_gateway = request.param is BY_GATEWAY  # type: ignore[attr-defined]
        yield running


@pytest.mark.parametrize(
    ("path", "room"),
    [
        *(("/", "dashboard"), ("/login", "dashboard"), ("/static/x.css", "dashboard")),
        # A bare prefix would take this one.
        ("/facelogin", "dashboard"),
        ("/authors", "dashboard"),
        *(("/auth/v1/session", "accounts"), ("/auth/admin/", "accounts")),
        ("/face/.well-known/jwks.json", "facelogin"),
    ],
)
def test_a_path_reaches_its_room(ingress: Ingress, path: str, room: str) -> None:
    answer = ingress.get(path).json()
    assert (answer["room"], answer["path"]) == (room, path), "no path is rewritten"


def test_http_is_sent_to_https(ingress: Ingress) -> None:
    answer = httpx.get(
        f"http://127.0.0.1:{ingress.http}/login?next=/train",
        headers={"Host": HOST},
        trust_env=False,
    )
    assert answer.status_code in {301, 308}
    assert answer.headers["Location"] == f"https://{HOST}/login?next=/train"


def test_what_a_client_claims_about_itself_is_not_passed_on(ingress: Ingress) -> None:
    claims = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    told = ingress.get("/login", **claims).json()["headers"]
    assert told["X-Forwarded-For"] == "127.0.0.1"
    assert told["X-Forwarded-Proto"] == "https"
    assert told["Host"] == HOST


def test_another_name_is_nobody(ingress: Ingress) -> None:
    with ingress.client() as client:
        answer = client.get(
            "/login", headers={"Host": "other.example"}, extensions={"sni_hostname": HOST}
        )
    assert answer.status_code == 404


def test_a_socket_goes_through(ingress: Ingress) -> None:
    with ingress.raw() as connection:
        connection.sendall(
            b"GET /face/v1/capture HTTP/1.1\r\nHost: portal.example.org\r\n"
            b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )
        said = b""
        while b"\r\n\r\n" not in said:
            said += connection.recv(4096)
        assert said.startswith(b"HTTP/1.1 101")
        connection.sendall(b"a frame")
        assert connection.recv(1024) == b"a frame"


def test_half_a_request_waits_outside(ingress: Ingress) -> None:
    """Eight of them would hold all eight threads of a room (decision 29)."""
    if ingress.is_gateway:  # type: ignore[attr-defined]
        return  # the Gateway API has no word for it; the component's README says what to add
    with ingress.raw() as connection:
        connection.sendall(
            b"POST /auth/v1/slow HTTP/1.1\r\nHost: portal.example.org\r\n"
            b"Content-Length: 10\r\n\r\nhalf "
        )
        time.sleep(1)
        assert "/auth/v1/slow" not in ingress.begun["accounts"]
        connection.sendall(b"done.")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        assert "/auth/v1/slow" in ingress.begun["accounts"]


def test_a_body_that_no_room_reads_is_refused(ingress: Ingress) -> None:
    if ingress.is_gateway:  # type: ignore[attr-defined]
        return
    with ingress.client() as client:
        answer = client.post(
            "/auth/v1/users", content=b"x" * 1_100_000, extensions={"sni_hostname": HOST}
        )
    assert answer.status_code == 413


def test_the_ingress_in_the_cloud_has_no_way_to_the_plant(tmp_path: Path) -> None:
    with running_traefik(HYBRID, tmp_path) as ingress:
        for path in ("/face/v1/capture", "/face/.well-known/jwks.json"):
            assert ingress.get(path).json()["room"] == "dashboard"
        assert ingress.get("/auth/v1/session").json()["room"] == "accounts"
        assert ingress.begun["facelogin"] == []
    assert name_of(HYBRID.objects()[0]) == NAMESPACE
