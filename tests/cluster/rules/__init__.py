"""K1 to K20: what holds for every rendered overlay, each a function that says what is wrong.

A rule takes all objects of an overlay and yields a sentence for everything that breaks it; one that
yields nothing holds. `tests.cluster.breaking` takes each field out that a rule rests on.
"""

from collections.abc import Callable, Iterable

from tests.cluster.rendering import Object
from tests.cluster.rules import arrows, doors, names, namespace, pods, staying

RULES: dict[str, Callable[[list[Object]], Iterable[str]]] = {
    "K1": pods.k1_nobody_is_root,
    "K2": pods.k2_nobody_gains_privileges,
    "K3": pods.k3_no_capabilities,
    "K4": pods.k4_seccomp,
    "K5": pods.k5_nothing_of_the_host,
    "K6": pods.k6_read_only,
    "K7": pods.k7_accounts_without_tokens,
    "K8": pods.k8_requests_and_limits,
    "K9": pods.k9_probes,
    "K10": pods.k10_fixed_tags,
    "K11": namespace.k11_a_restricted_namespace,
    "K12": arrows.k12_one_policy_per_arrow,
    "K13": pods.k13_secrets_are_files,
    "K14": staying.k14_two_copies,
    "K15": staying.k15_spread,
    "K16": names.k16_names_resolve,
    "K17": staying.k17_time_to_leave,
    "K18": namespace.k18_quotas,
    "K19": doors.k19_no_snippets,
    "K20": doors.k20_tls_and_sockets,
}
