"""Builds, pushes, saves and lists the images: `python -m docker.images build|push|save|sbom|bases`.

Bases are the images of others that ours are built on or run beside.
"""

import argparse
import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

from docker.engine import ROOT, Engine, Refusal, find, said_in_words
from kubevision import __version__

COMPOSE_FILE, DOCKERFILE = ROOT / "docker/compose.yaml", ROOT / "docker/Dockerfile"
ROOMS = ("accounts", "dashboard", "facelogin")
DEFAULT_ENGINE = "lbph"
# Handed on to the build where they are set: a mirror of packages, the way out of the house.
BUILD_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST")
PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


def recognition_engine() -> str:
    """Return what facelogin is to recognise with."""
    return os.environ.get("FACELOGIN_ENGINE") or DEFAULT_ENGINE


def tag(room: str) -> str:
    """Return the tag of a room's image: the version, and the engine if it is not the usual one."""
    engine = recognition_engine()
    is_usual = room != "facelogin" or engine in {DEFAULT_ENGINE, "lbph_plain"}
    return __version__ if is_usual else f"{__version__}-{engine}"


def image(room: str) -> str:
    """Return the name of a room's image."""
    return f"kubevision-{room}:{tag(room)}"


def server_images() -> list[str]:
    """Return the names of the images in the compose file that are not ours."""
    lines = [line.split() for line in COMPOSE_FILE.read_text().splitlines()]
    names = [words[1] for words in lines if len(words) > 1 and words[0] == "image:"]
    return [name for name in names if not name.startswith("kubevision-")]


def base_image() -> str:
    """Return the name of the image that ours are built on."""
    _before, _name, after = DOCKERFILE.read_text().partition("ARG PYTHON_IMAGE=")
    return after.split()[0]


def build(engine: Engine) -> None:
    """Build the three."""
    handed_on = [f"{name}={os.environ[name]}" for name in BUILD_VARIABLES if os.environ.get(name)]
    for name in PROXY_VARIABLES:
        value = os.environ.get(name) or os.environ.get(name.lower())
        handed_on += [f"{name}={value}"] if value else []
    labels = {
        "version": __version__,
        "revision": _git("rev-parse", "HEAD"),
        "created": _git("log", "-1", "--format=%cI"),
    }
    for room in ROOMS:
        arguments = [*handed_on]
        if room == "facelogin" and tag(room) != __version__:
            arguments.append(f"ENGINE={recognition_engine()}")
        print(f"building {image(room)} ...", flush=True)
        said = [word for argument in arguments for word in ("--build-arg", argument)]
        what = ["--file", "docker/Dockerfile", "--target", room, "--tag", image(room)]
        engine.run("build", "--quiet", *what, *said, ".", quiet=True)
        # Not in the same go: buildah 1.28 takes a cached image with the labels of an earlier build
        # for one with these, wherever they are said.
        told = [f"org.opencontainers.image.{name}={value}" for name, value in labels.items()]
        said = [word for label in told for word in ("--label", label)]
        what = ["--no-cache", "--file", "-", "--tag", image(room)]
        engine.run("build", "--quiet", *what, *said, ".", quiet=True, text=f"FROM {image(room)}\n")


def _git(*arguments: str) -> str:
    """Return what git says; nothing where there is no repository."""
    try:
        done = subprocess.run(
            ["git", *arguments], check=False, cwd=ROOT, capture_output=True, text=True
        )
        return done.stdout.strip()
    except FileNotFoundError:
        return ""


def push(engine: Engine, registry: str) -> None:
    """Push the three to a registry that the operator signed in to."""
    for room in ROOMS:
        there = f"{registry.rstrip('/')}/{image(room)}"
        require(engine, image(room))
        engine.run("tag", image(room), there)
        engine.run("push", there)


def save(engine: Engine, folder: Path) -> None:
    """Save the three, and the servers they need, for a place without internet."""
    folder.mkdir(parents=True, exist_ok=True)
    ours = [image(room) for room in ROOMS]
    for name in [*ours, *server_images()]:
        if name in ours:
            require(engine, name)
        elif not engine.has_image(name):
            engine.run("pull", name)
        file = folder / (name.rpartition("/")[2].replace(":", "-") + ".tar")
        file.unlink(missing_ok=True)
        engine.run("save", "--output", str(file), name, quiet=True)
        print(f"{file}: {file.stat().st_size / 1e6:.0f} MB")
    print(f"There: for file in *.tar; do {engine.name} load --input $file; done")


def sbom(engine: Engine, folder: Path) -> None:
    """Write what each image consists of as CycloneDX, Debian's packages included."""
    syft = Path(sysconfig.get_path("scripts")) / "syft"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="kubevision-sbom-") as scratch:
        for room in ROOMS:
            require(engine, image(room))
            archive = Path(scratch) / "image.tar"
            archive.unlink(missing_ok=True)
            engine.run("save", "--output", str(archive), image(room), quiet=True)
            file = folder / f"kubevision-{room}-{tag(room)}.cdx.json"
            named = ["--source-name", f"kubevision-{room}", "--source-version", tag(room)]
            subprocess.run(
                [syft, "scan", f"docker-archive:{archive}", *named, "-o", f"cyclonedx-json={file}"],
                check=True,
                env=os.environ | {"SYFT_CHECK_FOR_APP_UPDATE": "false", "SYFT_LOG_QUIET": "true"},
            )
            print(file)


def require(engine: Engine, name: str) -> None:
    """Say what to do if an image is not here.

    Raises
    ------
    Refusal
        If it is not.
    """
    if not engine.has_image(name):
        raise Refusal(f"the image {name} is not here; `make images` builds it")


def main() -> int:
    """Do what the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("build")
    verbs.add_parser("push").add_argument("registry")
    verbs.add_parser("save").add_argument("folder", type=Path)
    verbs.add_parser("sbom").add_argument("folder", type=Path)
    verbs.add_parser("bases")
    options = parser.parse_args()
    if options.verb == "bases":
        print("\n".join([base_image(), *server_images()]))
        return 0
    try:
        engine = find()
        if options.verb == "build":
            build(engine)
        elif options.verb == "push":
            push(engine, options.registry)
        elif options.verb == "save":
            save(engine, options.folder)
        else:
            sbom(engine, options.folder)
    except Refusal as reason:
        return said_in_words(f"images {options.verb}", reason)
    return 0


if __name__ == "__main__":
    sys.exit(main())
