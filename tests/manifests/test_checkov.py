"""checkov finds nothing in any overlay but what checkov.yaml gives a reason for."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster.rendering import HYBRID, INSTALLATIONS, Case, text_of
from tests.manifests.tools import run

CONFIGURATION = Path(__file__).with_name("checkov.yaml")


def failed(text: str, folder: Path, configuration: Path = CONFIGURATION) -> set[str]:
    file = folder / "rendered.yaml"
    file.write_text(text)
    done = run("checkov", "--config-file", str(configuration), "--file", str(file))
    answer = json.loads(done.stdout)
    assert answer["summary"]["parsing_errors"] == 0 and answer["summary"]["passed"] > 300
    return {f"{one['check_id']} {one['resource']}" for one in answer["results"]["failed_checks"]}


@pytest.mark.parametrize("case", INSTALLATIONS, ids=str)
def test_an_installation_is_clean(case: Case, tmp_path: Path) -> None:
    assert failed(text_of(case), tmp_path) == set()


def test_every_skip_is_needed_and_has_its_reason(tmp_path: Path) -> None:
    text = CONFIGURATION.read_text()
    skipped = yaml.safe_load(text)["skip-check"]
    lines = text[text.index("skip-check") :].splitlines()
    for check in skipped:
        before = lines[lines.index(f"  - {check}") - 1]
        assert before.lstrip().startswith("# "), f"{check} has no reason"
    bare = tmp_path / "bare.yaml"
    bare.write_text(text[: text.index("skip-check")])
    found = {one.partition(" ")[0] for one in failed(text_of(HYBRID), tmp_path, bare)}
    assert found == set(skipped)


def test_what_it_looks_for_is_found(tmp_path: Path) -> None:
    text = text_of(HYBRID).replace("readOnlyRootFilesystem: true", "privileged: true", 1)
    assert {one.partition(" ")[0] for one in failed(text, tmp_path)} >= {
        "CKV_K8S_16",
        "CKV_K8S_22",
    }
