"""Old and new kubectl render the same."""

import pytest

from tests.cluster.rendering import INSTALLATIONS, KUSTOMIZE, Case, text_of
from tests.manifests.tools import run


def test_they_are_different_ones() -> None:
    newer = run("kubectl", "version", "--client").stdout
    assert "Kustomize Version: v5" in newer


@pytest.mark.parametrize("case", INSTALLATIONS, ids=str)
def test_a_newer_kubectl_renders_the_same(case: Case) -> None:
    done = run("kubectl", "kustomize", str(KUSTOMIZE / case.base))
    assert done.returncode == 0, done.stderr
    assert done.stdout == text_of(case)
