"""The compose file at work: people sign in through the proxy and TLS, whatever is taken away."""

import json
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from docker.images import image
from kubevision.tokens import LEEWAY_SECONDS
from tests import browser
from tests.containers.stack import ONCE, ROOMS, SERVERS, Stack
from tests.test_client import CLIENT
from tests.test_holes import VERIFY, Client, capture

AWAY_SECONDS = 20
OF_THE_PRODUCT = (*ROOMS, "accounts-housekeeping", "facelogin-housekeeping", *ONCE)


def show_face(ada: Client, frames: list[bytes]) -> None:
    """Sign in with password and face; fails unless both were enough."""
    ada.sign_in()
    result = capture(ada.ticket(VERIFY), frames[20:], ada.origin)
    assert result["outcome"] == "match", result
    answer = ada.call("POST", "/session/factors/face", {"assertion": result["assertion"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["amr"] == ["pwd", "face", "mfa"]


# -- the main job ----------------------------------------------------------------------------------


def test_password_and_face_through_the_proxy_and_tls(trusting: Stack, ada_jpegs: Path) -> None:
    command = [sys.executable, str(CLIENT), trusting.origin, "grace", str(ada_jpegs)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "grace is active, shown: pwd face mfa;" in done.stdout


def test_a_browser_enrols_a_face_and_knows_it_again(stack: Stack, feeds: dict[str, Path]) -> None:
    # Whether the certificate is good is asked elsewhere; a browser of its own has no authority.
    with browser.browser(feeds["ada"], ignore_https_errors=True) as page:
        browser.register(page, stack.origin, "hopper", "Grace Hopper")
        assert len(browser.enrol(page)) == 10
        cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
        assert cookies["__Host-kv_session"]["secure"]
    with browser.browser(feeds["ada again"], ignore_https_errors=True) as page:
        browser.show_password(page, stack.origin, "hopper")
        page.wait_for_url(f"{stack.origin}/facelogin")
        browser.start_camera(page)
        page.wait_for_url(f"{stack.origin}/", timeout=browser.CAMERA_TIMEOUT_MS)
        expect(page.locator("body")).to_contain_text("Grace Hopper")


# -- the proxy -------------------------------------------------------------------------------------


def test_only_the_authority_of_this_stack_is_needed(trusting: Stack) -> None:
    assert httpx.get(trusting.origin).status_code == 200
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(trusting.origin.replace("localhost", "127.0.0.1"))


def test_without_an_authority_nobody_is_content(stack: Stack) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(stack.origin)


def test_an_address_without_tls_leads_to_the_one_with(trusting: Stack) -> None:
    answer = httpx.get(f"http://localhost:{trusting.port}/login?next=/profile")
    assert answer.status_code == 308
    assert answer.headers["Location"] == f"{trusting.origin}/login?next=/profile"
    assert "max-age" in httpx.get(trusting.origin).headers["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("path", "sign"),
    [
        ("/", "text/html"),
        ("/face", "404"),
        ("/auth", "404"),
        ("/static/dashboard/css/kubevision.css", "'content-encoding', 'gzip'"),
        ("/auth/static/admin/css/base.css", "'content-encoding', 'gzip'"),
        ("/auth/v1/session", "unauthenticated"),
        ("/auth/.well-known/jwks.json", "Ed25519"),
        ("/face/.well-known/jwks.json", "Ed25519"),
        ("/livez", "404"),
        ("/auth/readyz", "404"),
        ("/face/metrics", "404"),
    ],
)
def test_each_path_reaches_its_room(trusting: Stack, path: str, sign: str) -> None:
    answer = httpx.get(f"{trusting.origin}{path}")
    assert sign in f"{answer.status_code} {list(answer.headers.items())} {answer.text}"


def test_a_forged_address_is_not_believed(trusting: Stack) -> None:
    somebody = Client(trusting, "mallory").register()
    forged = {"X-Forwarded-For": "6.6.6.6", "Authorization": f"Bearer {somebody.token}"}
    who = {"username": "mallory", "password": browser.PASSWORD}
    with httpx.Client(base_url=f"{trusting.origin}/auth/v1", headers=forged) as client:
        assert client.post("/sessions", json=who).status_code == 201
        told = client.get("/user?include=sessions,events").text
    assert "mallory" in told and "6.6.6.6" not in told


# -- what may go wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize("service", SERVERS)
def test_a_restarted_container_is_missed_by_nobody(
    trusting: Stack, ada: Client, frames: list[bytes], service: str
) -> None:
    trusting.engine.run("stop", "--time", "30", trusting.name(service), quiet=True)
    # Signals reach the server, and it ends by itself.
    assert trusting.inspect(service)["State"]["ExitCode"] == 0
    trusting.engine.run("start", trusting.name(service), quiet=True)
    trusting.wait_until_ready()
    show_face(ada, frames)


@pytest.mark.parametrize("service", ["accounts-db", "facelogin-db"])
def test_a_database_may_be_gone_for_twenty_seconds(
    trusting: Stack, ada: Client, frames: list[bytes], service: str
) -> None:
    room = service.removesuffix("-db")
    ada.sign_in()
    with trusting.without(service):
        gone_since = time.monotonic()
        said = trusting.run_in(room, "python", "-m", "kubevision.probe", "readyz")
        assert said.returncode == 1 and said.stdout.startswith("database: ")
        if room == "accounts":
            answer = ada.call("GET", "/session")
            assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
            assert answer.headers["Retry-After"].isdigit()
        else:
            # A ticket that nobody can spend, or a capture that nobody can look after.
            result = capture(ada.ticket(VERIFY), frames[20:], ada.origin)
            assert (result["type"], result["code"]) == ("error", "temporarily_unavailable")
        others = set(ROOMS) - {room}
        assert all(trusting.is_ready(other) for other in others)
        time.sleep(max(0.0, gone_since + AWAY_SECONDS - time.monotonic()))
    trusting.wait_until_ready()
    show_face(ada, frames)


def test_a_room_that_is_away_is_said_in_words(trusting: Stack) -> None:
    with trusting.without("dashboard"):
        page = httpx.get(trusting.origin, timeout=20)
    assert (page.status_code, page.headers["Content-Type"]) == (503, "text/html")
    assert "Load it again" in page.text and page.headers["Retry-After"].isdigit()
    with trusting.without("accounts"):
        answer = httpx.get(f"{trusting.origin}/auth/v1/session", timeout=20)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["code"]) == (503, "temporarily_unavailable")
    trusting.wait_until_ready()


def test_data_are_there_after_down_and_up(
    trusting: Stack, ada: Client, frames: list[bytes]
) -> None:
    authority = trusting.authority.read_text()
    ended = trusting.down()
    assert ended.returncode == 0, ended.stderr
    kinds = {name for name in trusting.left() if "keys" not in name}
    volumes = {f"{trusting.project}_{room}-data" for room in ("accounts", "facelogin")}
    assert volumes <= kinds and not kinds & {trusting.name(service) for service in SERVERS}
    started = trusting.up()
    assert started.returncode == 0, started.stderr
    # Browsers that know the authority go on knowing it.
    assert trusting.authority.read_text() == authority
    show_face(ada, frames)


# What each room cannot do without: the accounts, and the faces.
LOSE = """
import os, pymongo, sys
password = open(os.environ["DATABASE_PASSWORD_FILE"]).read().strip()
client = pymongo.MongoClient(os.environ["DATABASE_URL"], password=password)
database = client.get_default_database()
lost = sum(database[name].delete_many({}).deleted_count for name in sys.argv[1:])
assert lost, "nothing was there to lose"
"""
OF_A_ROOM = {
    "accounts": ("accounts_user",),
    "facelogin": ("facelogin_person", "facelogin_reference"),
}


def test_a_backup_brings_back_what_was_lost(
    trusting: Stack, ada: Client, frames: list[bytes]
) -> None:
    for room, tables in OF_A_ROOM.items():
        keeper = f"{room}-housekeeping"
        made = trusting.run_in(keeper, "python", "manage.py", "backup", "/backups")
        assert made.returncode == 0, made.stderr
        with trusting.without(room):
            lost = trusting.run_in(keeper, "python", "-c", LOSE, *tables)
            assert lost.returncode == 0, lost.stderr
            (file,) = trusting.run_in(keeper, "sh", "-c", "ls /backups/*.backup").stdout.split()
            back = trusting.run_in(keeper, "python", "manage.py", "restore", file)
            assert back.returncode == 0, back.stderr
    # Until then tickets may be from before, by a clock that is ahead.
    time.sleep(LEEWAY_SECONDS + 1)
    trusting.wait_until_ready()
    show_face(ada, frames)


def test_the_template_key_is_renewed(trusting: Stack, ada: Client, frames: list[bytes]) -> None:
    key = "/run/secrets/kubevision/template.key"
    volume = f"{trusting.project}_facelogin-keys:/run/secrets/kubevision"

    def change(verb: str) -> None:
        command = ("python", "-m", "kubevision.keys", verb, key)
        trusting.engine.run("run", "--rm", "-v", volume, image("facelogin"), *command, quiet=True)

    before = trusting.run_in("facelogin", "cat", key).stdout
    change("renew")
    done = trusting.run_in(
        "facelogin-housekeeping", "python", "manage.py", "renew_template_key", "--rewrap-only"
    )
    assert done.returncode == 0, done.stderr
    show_face(ada, frames)
    change("retire")
    assert before.strip() not in trusting.run_in("facelogin", "cat", key).stdout
    show_face(ada, frames)


# -- how it runs: as the engine and the kernel say, not as the file says ---------------------------


@pytest.mark.parametrize("service", (*SERVERS, *ONCE))
def test_nobody_has_rights_over_the_machine(stack: Stack, service: str) -> None:
    found = stack.inspect(service)
    host = found["HostConfig"]
    assert host["ReadonlyRootfs"] is True and host["Privileged"] is False
    assert found["Config"]["User"] in {"10001:10001", "999:999"}
    assert (found["Config"]["User"] == "10001:10001") is (
        service in OF_THE_PRODUCT or service == "proxy"
    )
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    assert host["Memory"] > 0 and host["RestartPolicy"]["Name"] in {
        "unless-stopped",
        "on-failure",
        "no",
        "",
    }
    # The engine's own socket, or any folder of the machine but for the proxy's configuration.
    bound = [mount["Destination"] for mount in found["Mounts"] if mount["Type"] == "bind"]
    assert bound == (["/etc/nginx/kubevision.conf"] if service == "proxy" else [])


@pytest.mark.parametrize("service", SERVERS)
def test_the_kernel_says_the_same(stack: Stack, service: str) -> None:
    status = stack.run_in(service, "cat", "/proc/1/status").stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    capabilities = {name: fields[name] for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb")}
    assert set(capabilities.values()) == {"0" * 16}, capabilities
    assert fields["NoNewPrivs"] == "1"
    assert "0" not in fields["Uid"].split() and "0" not in fields["Gid"].split()
    for path in ("/", "/usr/bin", "/etc", "/srv"):
        tried = stack.run_in(service, "sh", "-c", f"echo > {path}/written")
        assert tried.returncode != 0 and "Read-only file system" in tried.stderr, path
    assert stack.run_in(service, "sh", "-c", "echo > /tmp/written").returncode == 0


def test_each_sees_its_own_secrets_only(stack: Stack) -> None:
    folder = "/run/secrets/kubevision"
    held = {name: set(stack.run_in(name, "ls", folder).stdout.split()) for name in SERVERS}
    of_accounts = {"secret.key", "accounts-signing.pem", "database.password", "made"}
    of_facelogin = {"secret.key", "facelogin-signing.pem", "template.key", "database.password",
                    "made"}  # fmt: skip
    assert held == {
        "accounts": of_accounts,
        "accounts-housekeeping": of_accounts,
        "accounts-db": {"members.key", "made"},
        "facelogin": of_facelogin,
        "facelogin-housekeeping": of_facelogin,
        "facelogin-db": {"members.key", "made"},
        "dashboard": {"secret.key", "made"},
        "proxy": {"authority.pem", "certificate.pem", "certificate.key"},
        "redis": set(),
    }
    secret_keys = {stack.run_in(room, "cat", f"{folder}/secret.key").stdout for room in ROOMS}
    assert len(secret_keys) == len(ROOMS)
    for name in ("accounts", "facelogin", "dashboard"):
        tried = stack.run_in(name, "sh", "-c", f"echo > {folder}/secret.key")
        assert tried.returncode != 0


def test_nothing_but_the_proxy_can_be_called_from_outside(stack: Stack) -> None:
    published = {
        (name, port["HostIp"], port["HostPort"])
        for name in SERVERS
        for ports in (stack.inspect(name)["HostConfig"]["PortBindings"] or {}).values()
        for port in ports or []
    }
    assert published == {("proxy", "127.0.0.1", str(stack.port))}


CALL = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 3)"


@pytest.mark.parametrize(
    ("caller", "host", "port", "may"),
    [
        ("accounts", "accounts-db", 27017, True),
        ("facelogin", "facelogin-db", 27017, True),
        ("facelogin", "redis", 6379, True),
        ("dashboard", "accounts", 8000, True),
        ("dashboard", "accounts-db", 27017, False),
        ("dashboard", "facelogin-db", 27017, False),
        ("dashboard", "redis", 6379, False),
        ("accounts", "facelogin-db", 27017, False),
        ("accounts", "redis", 6379, False),
        ("facelogin", "accounts-db", 27017, False),
    ],
)
def test_who_reaches_whom(stack: Stack, caller: str, host: str, port: int, may: bool) -> None:
    called = stack.run_in(caller, "python", "-c", CALL, host, str(port))
    assert (called.returncode == 0) is may, called.stderr


def test_one_room_cannot_read_the_others_database(stack: Stack) -> None:
    script = """
import json, os, pymongo
password = open(os.environ["DATABASE_PASSWORD_FILE"]).read().strip()
client = pymongo.MongoClient(os.environ["DATABASE_URL"], password=password)
answers = {}
for name in ("accounts", "facelogin", "admin"):
    try:
        answers[name] = bool(client[name].list_collection_names())
    except pymongo.errors.OperationFailure:
        answers[name] = False
print(json.dumps(answers))
"""
    for room in ("accounts", "facelogin"):
        answers = json.loads(stack.run_in(room, "python", "-c", script).stdout)
        assert answers == {"accounts": False, "facelogin": False, "admin": False} | {room: True}
    # Without a password there is nothing at all.
    nobody = "import pymongo; pymongo.MongoClient('accounts-db').accounts.accounts_user.find_one()"
    assert "requires authentication" in stack.run_in("accounts", "python", "-c", nobody).stderr


def test_housekeeping_runs_and_was_never_started_again(stack: Stack) -> None:
    for service in ("accounts-housekeeping", "facelogin-housekeeping"):
        found = stack.inspect(service)
        assert found["State"]["Status"] == "running"
        assert found["RestartCount"] == 0
