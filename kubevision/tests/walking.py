"""Walks every URL pattern of whatever rooms the settings hold."""

from collections.abc import Iterator

from django.urls import URLResolver, get_resolver

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# What stands for a part of a path that may be anything.
_EXAMPLES = {"app_label": "accounts"}


def every_path() -> list[str]:
    """Return one path for each URL pattern, admin included, and some that no pattern knows."""
    known = sorted(set(_walk(get_resolver(), "/")))
    beside = [f"{path.rstrip('/')}/nothing-here" for path in ("/", "/auth", "/auth/v1", "/face")]
    return [*known, *beside, "/nothing-here.php", "/static/nothing.css"]


def _walk(resolver: URLResolver, prefix: str) -> Iterator[str]:
    # reverse_dict holds each pattern of this resolver and of those included without a namespace.
    for name in resolver.reverse_dict:
        for possibilities, _pattern, _defaults, _converters in resolver.reverse_dict.getlist(name):
            for template, parameters in possibilities:
                filled = {parameter: _EXAMPLES.get(parameter, "1") for parameter in parameters}
                yield prefix + template % filled
    for inner_prefix, inner in resolver.namespace_dict.values():
        yield from _walk(inner, prefix + inner_prefix)
