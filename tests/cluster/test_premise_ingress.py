"""The plant's own door: nginx itself with the configuration that `hybrid` renders to."""

import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509

from kubevision.first_start import certificate
from tests.cluster.rendering import HYBRID, Workload, of_kind, settings, workloads
from tests.product import free_port, stop
from tests.run import ROOT
from tests.three_rooms import ThreeRooms, nginx, running_rooms, wait_until

NAME = "localhost"  # the plant's: what the machine of the tests resolves


@dataclass
class Door:
    """A running nginx before a room."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"https://{NAME}:{self.port}"

    @property
    def authority(self) -> str:
        return str(self.folder / "authority.pem")

    def get(self, path: str, **headers: str) -> httpx.Response:
        trusted = ssl.create_default_context(cafile=self.authority)
        return httpx.get(f"{self.url}{path}", verify=trusted, headers=headers, trust_env=False)

    def shown_certificate(self) -> int:
        """Return the serial number of the certificate that a browser is shown now."""
        shown = ssl.get_server_certificate((NAME, self.port))
        return x509.load_pem_x509_certificate(shown.encode()).serial_number

    def renew(self) -> None:
        """Do what the kubelet does when the Secret changes."""
        for name in ("certificate.pem", "certificate.key"):
            (self.folder / name).unlink(missing_ok=True)
        certificate.make(self.folder, self.folder, certificate.names_of(f"https://{NAME}"))
        for made, name in (("certificate.pem", "tls.crt"), ("certificate.key", "tls.key")):
            shutil.copy(self.folder / made, self.folder / f"{name}.new")
            (self.folder / f"{name}.new").rename(self.folder / name)


def door_workload() -> Workload:
    (found,) = [one for one in workloads(HYBRID.objects()) if one.name == "premise-ingress"]
    return found


@contextmanager
def running_door(folder: Path, facelogin: str) -> Iterator[Door]:
    """Run nginx as the pod does, with paths and addresses of this machine."""
    (data,) = [
        found["data"]["nginx.conf"]
        for found in of_kind(HYBRID.objects(), "ConfigMap")
        if "nginx.conf" in found["data"]
    ]
    port = free_port()
    here = {
        "/tmp/": f"{folder}/",
        "/run/secrets/tls": str(folder),
        "listen 8443 ": f"listen {port} ",
        "http://facelogin:8000": facelogin,
        # The room of the tests knows itself by its address.
        "Host facelogin;": f"Host {urlsplit(facelogin).hostname};",
    }
    for before, after in here.items():
        assert before in data
        data = data.replace(before, after)
    # In a pod everything runs as one user; nginx started by root would leave the keys to root.
    who = "user root;\n" if os.geteuid() == 0 else ""
    configuration = folder / "nginx.conf"
    configuration.write_text(who + data)
    arguments = [
        argument.replace("/etc/premise-ingress/nginx.conf", str(configuration))
        for argument in door_workload().pod["containers"][0]["args"]
    ]
    door = Door(port, folder, None)  # type: ignore[arg-type]
    door.renew()
    door.process = subprocess.Popen([nginx(), *arguments], start_new_session=True)

    def answers() -> bool:
        try:
            return door.get("/").status_code > 0
        except httpx.TransportError:
            return door.process.poll() is not None

    try:
        wait_until(answers, "nginx")
        assert door.process.poll() is None
        yield door
    finally:
        stop(door.process)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ThreeRooms, Door]]:
    """Three rooms whose pages open their sockets at the door."""
    with ExitStack() as running:
        facelogin = f"http://127.0.0.1:{free_port()}"
        folder = tmp_path_factory.mktemp("door")
        door = running.enter_context(running_door(folder, facelogin))
        told = {"FACELOGIN_PUBLIC_URL": door.url, "FACELOGIN_URL": facelogin}
        rooms = running.enter_context(
            running_rooms(
                tmp_path_factory.mktemp("rooms"),
                {"facelogin": urlsplit(facelogin).port or 0},
                accounts=told,
                dashboard=told,
                facelogin=told,
            )
        )
        yield rooms, door


def test_a_sign_in_by_face_goes_through_the_door(
    plant: tuple[ThreeRooms, Door], ada_jpegs: Path, username: str
) -> None:
    rooms, door = plant
    script = ROOT / "docs/client/face_sign_in.py"
    done = subprocess.run(
        [sys.executable, script, rooms.origin, username, ada_jpegs, "--transcript"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"SSL_CERT_FILE": door.authority},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{username} is active, shown: pwd face mfa;" in done.stdout
    assert f"wss://{NAME}:{door.port}/face/v1/capture" in done.stdout


def test_facelogin_answers_behind_it_and_nobody_else(plant: tuple[ThreeRooms, Door]) -> None:
    _rooms, door = plant
    assert door.get("/face/.well-known/jwks.json").json()["keys"]
    for path in ("/", "/login", "/auth/v1/session", "/faces/", "/livez", "/metrics"):
        assert door.get(path).status_code == 404, path
    assert "nginx/" not in door.get("/").headers["Server"]


def test_without_tls_nobody_is_let_in(plant: tuple[ThreeRooms, Door]) -> None:
    _rooms, door = plant
    answer = httpx.get(f"http://{NAME}:{door.port}/face/.well-known/jwks.json", trust_env=False)
    assert answer.status_code == 400 and "keys" not in answer.text


def test_a_renewed_certificate_needs_no_restart(plant: tuple[ThreeRooms, Door]) -> None:
    _rooms, door = plant
    before = door.shown_certificate()
    door.renew()
    assert door.shown_certificate() != before
    assert door.process.poll() is None


def test_it_names_facelogin_as_facelogin_is_called() -> None:
    told = settings(HYBRID.objects())
    (data,) = [
        found["data"]["nginx.conf"]
        for found in of_kind(HYBRID.objects(), "ConfigMap")
        if "nginx.conf" in found["data"]
    ]
    assert f"proxy_pass {told['FACELOGIN_URL']};" in data
    assert f"proxy_set_header Host {urlsplit(told['FACELOGIN_URL']).hostname};" in data
