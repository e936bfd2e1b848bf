"""K1 to K20 hold for every overlay, example and combination, and each can be broken."""

import pytest

from tests.cluster.breaking import breaks
from tests.cluster.rendering import (
    CLOUD,
    EVERYTHING,
    GATEWAY,
    HYBRID,
    INSTALLATIONS,
    ON_PREM,
    POD_TEMPLATES,
    Case,
    name_of,
)
from tests.cluster.rules import RULES

# Where each field is taken out: everything that some installation has, with every controller.
BROKEN = (
    HYBRID,
    ON_PREM.with_components("ingress-nginx", "autoscaling"),
    CLOUD.with_components(*GATEWAY),
)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("case", EVERYTHING, ids=str)
def test_the_rule_holds(case: Case, rule: str) -> None:
    assert list(RULES[rule](case.objects())) == []


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_every_break_is_seen(case: Case, rule: str) -> None:
    objects = case.objects()
    tried = 0
    unseen = []
    for what, broken in breaks(rule, objects):
        if broken == objects:
            continue
        tried += 1
        if not list(RULES[rule](broken)):
            unseen.append(what)
    assert unseen == []
    assert tried or rule in {"K19"}, "nothing was broken"


@pytest.mark.parametrize("case", INSTALLATIONS, ids=str)
def test_the_product_is_everything_but_what_is_stored(case: Case) -> None:
    """`kubectl delete -k .../product` leaves the namespace, with it the Secrets, and all claims."""
    whole = {(found["kind"], name_of(found)) for found in case.objects()}
    product = {(found["kind"], name_of(found)) for found in Case(f"{case.base}/product").objects()}
    stored = {kind for kind, _name in whole - product}
    assert stored == {"Namespace", "PersistentVolumeClaim"}
    assert product <= whole
    assert not {kind for kind, _name in product} & (stored | {"Secret", "PersistentVolume"})


def test_selectors_are_equal_everywhere() -> None:
    """A selector cannot be changed in a cluster: going from one overlay to another must not."""
    known: dict[tuple[str, str], object] = {}
    for case in EVERYTHING:
        for found in case.objects():
            if found["kind"] in {*POD_TEMPLATES, "Service"} and "selector" in found["spec"]:
                key = (found["kind"], name_of(found))
                assert known.setdefault(key, found["spec"]["selector"]) == found["spec"]["selector"]
    assert len(known) > 10
