"""K19 and K20: what stands before the rooms."""

import re
from collections.abc import Iterator

from tests.cluster.rendering import Object, middlewares_of, name_of, of_kind, settings
from tests.cluster.rules.product import PING_EVERY_SECONDS

Complaints = Iterator[str]


def k19_no_snippets(objects: list[Object]) -> Complaints:
    for found in objects:
        for key in found["metadata"].get("annotations", {}):
            if "snippet" in key:
                yield f"{found['kind']} {name_of(found)}: {key} is code for a controller"


def k20_tls_and_sockets(objects: list[Object]) -> Complaints:
    middlewares = {name_of(found): found["spec"] for found in of_kind(objects, "Middleware")}
    for found in of_kind(objects, "Ingress"):
        yield from _ingress_is_closed(found, middlewares)
    listeners = [one for found in of_kind(objects, "Gateway") for one in found["spec"]["listeners"]]
    for listener in listeners:
        if listener["protocol"] == "HTTPS" and not listener.get("tls", {}).get("certificateRefs"):
            yield f"listener {listener['name']}: no certificate"
    for found in of_kind(objects, "HTTPRoute"):
        yield from _route_is_closed(found)
    if not of_kind(objects, "Ingress", "HTTPRoute"):
        yield "nothing leads to the product"
    origin = settings(objects).get("PUBLIC_ORIGINS", "")
    if not origin.startswith("https://"):
        yield f"PUBLIC_ORIGINS is {origin}, without TLS"
    for found in of_kind(objects, "ConfigMap"):
        if configuration := found["data"].get("nginx.conf"):
            yield from _nginx_is_closed(configuration)


def _ingress_is_closed(found: Object, middlewares: dict[str, Object]) -> Complaints:
    who = f"Ingress {name_of(found)}"
    spec, annotations = found["spec"], found["metadata"].get("annotations", {})
    covered = {host for tls in spec.get("tls", []) for host in tls.get("hosts", [])}
    for rule in spec["rules"]:
        if rule.get("host") not in covered:
            yield f"{who}: {rule.get('host')} has no TLS"
        for path in rule["http"]["paths"]:
            if not path["path"].endswith("/") or path["pathType"] != "Prefix":
                yield f"{who}: {path['path']} takes paths of other rooms"
    if spec.get("ingressClassName") == "nginx":
        said = "nginx.ingress.kubernetes.io/"
        if annotations.get(f"{said}ssl-redirect") != "true":
            yield f"{who}: http is not sent to https"
        for key in ("proxy-read-timeout", "proxy-send-timeout"):
            if float(annotations.get(said + key, 0)) <= PING_EVERY_SECONDS:
                yield f"{who}: {key} is shorter than a socket is silent"
        if annotations.get(f"{said}proxy-request-buffering") != "on":
            yield f"{who}: half a request may wait in a room"
        return
    # Traefik has no timeout for a connection that became a socket.
    chosen = [middlewares.get(one, {}) for one in middlewares_of(found)]
    if spec.get("ingressClassName") != "traefik":
        yield f"{who}: no controller serves it"
    if not any(one.get("redirectScheme", {}).get("scheme") == "https" for one in chosen):
        yield f"{who}: http is not sent to https"
    if any("buffering" in one for one in chosen) is (name_of(found) == "facelogin"):
        yield f"{who}: half a request may wait in a room, or a socket is waited for"


def _route_is_closed(found: Object) -> Complaints:
    who = f"HTTPRoute {name_of(found)}"
    sections = {parent.get("sectionName") for parent in found["spec"]["parentRefs"]}
    for rule in found["spec"]["rules"]:
        redirects = any(
            one.get("requestRedirect", {}).get("scheme") == "https"
            for one in rule.get("filters", [])
        )
        if not redirects and sections != {"https"}:
            yield f"{who}: can be asked without TLS"
        if name_of(found) == "facelogin" and rule.get("timeouts", {}).get("request") != "0s":
            yield f"{who}: a socket may be cut off"


def _nginx_is_closed(configuration: str) -> Complaints:
    who = "the plant's ingress"
    if not re.search(r"listen \d+ ssl;", configuration) or re.search(r"listen \d+;", configuration):
        yield f"{who}: can be asked without TLS"
    for key in ("proxy_read_timeout", "proxy_send_timeout"):
        said = re.search(rf"{key} (\d+)s;", configuration)
        if not said or float(said[1]) <= PING_EVERY_SECONDS:
            yield f"{who}: {key} is shorter than a socket is silent"
