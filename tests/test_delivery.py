"""What has to be said in several places is said the same way in all of them."""

import re
import tomllib

import yaml

from docker.images import base_image, server_images
from kubevision import __version__
from tests.run import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker/compose.yaml").read_text())
CONTAINERS_PAGE = (ROOT / "docs/containers.md").read_text()


def test_a_version_has_one_number() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == __version__
    ours = [
        each["image"] for each in COMPOSE["services"].values() if "kubevision-" in each["image"]
    ]
    versions = [re.sub(r".*:\$\{[A-Z_]+:-(.+)\}$", r"\1", image) for image in ours]
    assert versions and set(versions) == {__version__}
    for file in (ROOT / "k8s/kustomize").rglob("*.yaml"):
        text = file.read_text()
        assert set(re.findall(r"image: kubevision-[a-z]+:(\S+)", text)) <= {__version__}, file
        # The variants of facelogin say their engine after it.
        tags = re.findall(r"newTag: ([^\s,}]+)", text)
        assert {tag.partition("-")[0] for tag in tags} <= {__version__}, file


def test_every_container_and_setting_is_in_the_documentation() -> None:
    assert (
        set(COMPOSE["services"]) - set(re.findall(r"[a-z]+(?:-[a-z]+)*", CONTAINERS_PAGE)) == set()
    )
    settings = {
        name
        for service in COMPOSE["services"].values()
        for name, value in (service.get("environment") or {}).items()
        if value is None
    }
    missing = {name for name in settings if f"`{name}`" not in CONTAINERS_PAGE}
    # Only for scripts that send no Origin; nobody is asked to use it.
    assert missing == {"FACELOGIN_ALLOW_MISSING_ORIGIN"}


def test_images_of_others_are_named_by_tag() -> None:
    for image in (base_image(), *server_images()):
        assert re.fullmatch(r"docker\.io/library/[a-z]+:\d+\.\d+[a-z0-9.-]*", image)


def test_the_cluster_runs_the_same_images_of_others() -> None:
    """What `make images-save` carries into a plant is then enough for either."""
    named = re.compile(r"image: (docker\.io/library/(?!kubevision-)\S+)")
    files = (ROOT / "k8s/kustomize").rglob("*.yaml")
    assert {image for file in files for image in named.findall(file.read_text())} == set(
        server_images()
    )
