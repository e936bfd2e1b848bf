"""`on-prem` with the real images: a sign-in through its ingress, and updates while people come.

Needs podman, the three images, and those of the servers that the overlay names.
"""

import asyncio
import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.pictures import looks
from bench.visitor import Capture, Failed, Visitor
from tests.cluster.podman_cluster import Cluster, podman, running_cluster
from tests.cluster.rendering import ON_PREM, workloads
from tests.run import ROOT

PEOPLE, FRAMES, LOOKS = 20, 44, 5
SECONDS_BETWEEN_FRAMES = 0.5
# As the page does it: dashboard/static/dashboard/js/attempt.js.
MOST_COMEBACKS, WAITS_SECONDS = 3, (0.5, 2.0, 5.0)
ENROL_AT_ONCE = 4


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    images = {c["image"] for each in workloads(ON_PREM.objects()) for c in each.containers}
    missing = [name for name in sorted(images) if not podman("images", "--quiet", name)]
    if missing:
        raise RuntimeError(
            f"{', '.join(missing)} not here: `make images` builds ours, `podman pull` gets others"
        )
    with running_cluster(tmp_path_factory.mktemp("cluster"), ON_PREM) as running:
        os.environ["SSL_CERT_FILE"] = str(running.authority)
        try:
            yield running
        finally:
            del os.environ["SSL_CERT_FILE"]


def test_somebody_signs_in(cluster: Cluster, ada_jpegs: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs/client/face_sign_in.py", cluster.origin, "ada", ada_jpegs],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ada is active, shown: pwd face mfa;" in done.stdout


def test_containers_run_confined(cluster: Cluster) -> None:
    for pod, (each, _pod) in cluster.running.items():
        name = f"{pod}-{each.pod['containers'][0]['name']}"
        said = podman("exec", name, "sh", "-c", "id -u; grep -E 'CapEff|NoNew' /proc/self/status")
        assert said.split() == ["10001", "CapEff:", "0" * 16, "NoNewPrivs:", "1"], name
        written = podman("exec", name, "sh", "-c", "touch /here 2>&1 || true")
        assert "Read-only file system" in written, name


@dataclass
class Story:
    """How it went for one person."""

    comebacks: int = 0
    is_in: bool = False
    last_words: str = ""


async def come(visitor: Visitor, until: threading.Event) -> list[Story]:
    """Sign in again and again until the update is over."""
    stories = []
    while not until.is_set():
        story = Story()
        stories.append(story)
        while not story.is_in and story.comebacks <= MOST_COMEBACKS:
            try:
                await visitor.show_password()
                ticket = await visitor.verify_ticket()
                async with visitor.open(ticket) as socket:
                    capture = Capture(socket, ticket["ticket"])
                    await capture.start()
                    assertion = await capture.run(
                        visitor.sign_in_frames,
                        seconds_between=SECONDS_BETWEEN_FRAMES,
                        outcome="match",
                    )
                await visitor.call("POST", "/session/factors/face", assertion=assertion)
                story.is_in = True
            except (Failed, OSError) as error:
                story.last_words = str(error)
                story.comebacks += 1
                if story.comebacks <= MOST_COMEBACKS:
                    await asyncio.sleep(
                        WAITS_SECONDS[story.comebacks - 1] * random.uniform(0.5, 1.5)
                    )
        await asyncio.sleep(random.uniform(1, 5))
    return stories


async def stories_during(cluster: Cluster, update: threading.Thread) -> list[Story]:
    pictures = looks(LOOKS, FRAMES)
    origin = f"http://localhost:{cluster.http}"
    visitors = [Visitor(origin, f"person{n}", pictures[n % LOOKS]) for n in range(PEOPLE)]
    gate = asyncio.Semaphore(ENROL_AT_ONCE)

    async def enrol(visitor: Visitor) -> None:
        async with gate:
            await visitor.register()
            await visitor.enrol()

    await asyncio.gather(*map(enrol, visitors))
    is_over = threading.Event()

    async def updating() -> None:
        update.start()
        await asyncio.to_thread(update.join)
        is_over.set()

    try:
        *told, _nothing = await asyncio.gather(
            *(come(visitor, is_over) for visitor in visitors), updating()
        )
    finally:
        await asyncio.gather(*(visitor.close() for visitor in visitors))
    return [story for one in told if one is not None for story in one]


def test_updates_while_twenty_people_sign_in(cluster: Cluster) -> None:
    statuses: dict[str, list[int]] = {}

    def update() -> None:
        for name in ("accounts", "facelogin", "dashboard"):
            statuses[name] = cluster.replace_all(name)

    stories = asyncio.run(stories_during(cluster, threading.Thread(target=update)))
    came_back = [story for story in stories if story.comebacks]
    failed = [story.last_words for story in stories if not story.is_in]
    print(f"{len(stories)} sign-ins, {len(came_back)} came back, {len(failed)} failed")
    assert statuses == {"accounts": [0, 0], "facelogin": [0, 0], "dashboard": [0, 0]}
    assert len(stories) >= PEOPLE
    assert failed == []
