"""A stand-in for a cluster's API server: it keeps what kubectl applies, and tells watchers of it.

Real clients talk to it, kubectl and Traefik. It checks nothing, gives no defaults and runs nothing;
it is here to see what a command sends and what a controller makes of it.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.cluster.rendering import Object

# Group and version -> kinds; a plural is the kind in small letters and "s", but for these.
PLURALS = {"Ingress": "ingresses", "IngressClass": "ingressclasses"}
PLURALS |= {"NetworkPolicy": "networkpolicies", "BackendTLSPolicy": "backendtlspolicies"}
PLURALS |= {"GatewayClass": "gatewayclasses"}
CLUSTER_WIDE = {"Namespace", "Node", "IngressClass", "GatewayClass"}
KINDS = {
    "v1": "ConfigMap Endpoints LimitRange Namespace Node PersistentVolumeClaim Pod ResourceQuota "
    "Secret Service ServiceAccount",
    "apps/v1": "Deployment StatefulSet",
    "autoscaling/v2": "HorizontalPodAutoscaler",
    "batch/v1": "CronJob Job",
    "cert-manager.io/v1": "Certificate Issuer",
    "discovery.k8s.io/v1": "EndpointSlice",
    "gateway.networking.k8s.io/v1": "BackendTLSPolicy GRPCRoute Gateway GatewayClass HTTPRoute "
    "TLSRoute",
    "gateway.networking.k8s.io/v1beta1": "ReferenceGrant",
    "networking.k8s.io/v1": "Ingress IngressClass NetworkPolicy",
    "policy/v1": "PodDisruptionBudget",
    "traefik.io/v1alpha1": "IngressRoute IngressRouteTCP IngressRouteUDP Middleware MiddlewareTCP "
    "ServersTransport ServersTransportTCP TLSOption TLSStore TraefikService",
}


@dataclass(frozen=True)
class Resource:
    """One kind of object and where it is found."""

    group_version: str
    kind: str

    @property
    def plural(self) -> str:
        return PLURALS.get(self.kind, self.kind.lower().removesuffix("s") + "s")

    @property
    def is_namespaced(self) -> bool:
        return self.kind not in CLUSTER_WIDE


RESOURCES = {
    (group_version, resource.plural): resource
    for group_version, kinds in KINDS.items()
    for resource in (Resource(group_version, kind) for kind in kinds.split())
}


@dataclass
class Cluster:
    """What is kept: (group and version, plural, namespace, name) -> object."""

    url: str = ""
    objects: dict[tuple[str, str, str, str], Object] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)  # what pods said, by name
    is_over: threading.Event = field(default_factory=threading.Event)

    def put(self, found: Object) -> None:
        """Keep an object as if somebody had applied it."""
        plural = Resource(found["apiVersion"], found["kind"]).plural
        metadata = found["metadata"]
        namespace = metadata.get("namespace", "") if found["kind"] not in CLUSTER_WIDE else ""
        metadata |= {"uid": f"{plural}-{metadata['name']}", "resourceVersion": "1"}
        self.objects[found["apiVersion"], plural, namespace, metadata["name"]] = found

    def of_kind(self, kind: str) -> dict[str, Object]:
        """Return the objects of a kind by name."""
        return {key[3]: found for key, found in self.objects.items() if found["kind"] == kind}


@contextmanager
def api_server() -> Iterator[Cluster]:
    """Serve an empty cluster on loopback until the block is left."""
    cluster = Cluster()

    class Handler(_Handler):
        kept = cluster

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    cluster.url = f"http://127.0.0.1:{server.server_address[1]}"
    threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True).start()
    try:
        yield cluster
    finally:
        cluster.is_over.set()
        server.shutdown()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    kept: Cluster
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        pass

    def _answer(self, status: int, body: Any) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _answer_text(self, text: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def _nothing(self) -> None:
        body = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 404}
        self._answer(404, body | {"reason": "NotFound", "message": f"no {self.path}"})

    def _body(self) -> Object:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        body: Object = yaml.safe_load(content)
        return body

    def _route(self) -> tuple[Resource, str, str] | None:
        """Return what a path names: kind, namespace, name."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        group_version, rest = (
            (parts[1], parts[2:]) if parts[0] == "api" else ("/".join(parts[1:3]), parts[3:])
        )
        namespace = ""
        if len(rest) > 2 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        if not rest or (group_version, rest[0]) not in RESOURCES:
            return None
        return RESOURCES[group_version, rest[0]], namespace, rest[1] if len(rest) > 1 else ""

    # -- what there is to ask for ------------------------------------------------------------------

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path == "/version":
            self._answer(200, {"major": "1", "minor": "34", "gitVersion": "v1.34.0"})
        elif path == "/api":
            self._answer(200, {"kind": "APIVersions", "versions": ["v1"]})
        elif path == "/apis":
            self._answer(200, {"kind": "APIGroupList", "apiVersion": "v1", "groups": _groups()})
        elif path.startswith("/openapi/v3"):
            self._answer(200, _openapi(path.removeprefix("/openapi/v3").strip("/")))
        elif path.removeprefix("/api/").removeprefix("/apis/") in KINDS:
            self._answer(200, _resource_list(path.removeprefix("/api/").removeprefix("/apis/")))
        elif path.endswith("/log"):
            self._answer_text(self.kept.logs.get(path.split("/")[-2], ""))
        elif found := self._route():
            self._get(*found)
        else:
            self._nothing()

    def _get(self, resource: Resource, namespace: str, name: str) -> None:
        if name:
            key = (resource.group_version, resource.plural, namespace, name)
            if key in self.kept.objects:
                self._answer(200, self.kept.objects[key])
            else:
                self._nothing()
            return
        found = [
            one
            for (group_version, plural, where, _name), one in self.kept.objects.items()
            if (group_version, plural) == (resource.group_version, resource.plural)
            and namespace in {"", where}
        ]
        asked = parse_qs(urlsplit(self.path).query)
        if "watch" in asked:
            self._watch(resource, found if "sendInitialEvents" in asked else None)
        else:
            kind = {"kind": f"{resource.kind}List", "apiVersion": resource.group_version}
            self._answer(200, {**kind, "metadata": {"resourceVersion": "1"}, "items": found})

    def _watch(self, resource: Resource, first: list[Object] | None) -> None:
        """Tell of what is there, if asked to; then say nothing until the end."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        events = [{"type": "ADDED", "object": one} for one in first or []]
        if first is not None:
            end = {"annotations": {"k8s.io/initial-events-end": "true"}, "resourceVersion": "1"}
            nothing = {"kind": resource.kind, "apiVersion": resource.group_version}
            events.append({"type": "BOOKMARK", "object": nothing | {"metadata": end}})
        for event in events:
            line = json.dumps(event).encode() + b"\n"
            self.wfile.write(f"{len(line):x}\r\n".encode() + line + b"\r\n")
        self.wfile.flush()
        self.kept.is_over.wait()

    # -- what there is to change -------------------------------------------------------------------

    def _changing(self, how: str) -> tuple[Resource, str, str] | None:
        self.kept.requests.append(f"{how} {urlsplit(self.path).path}")
        found = self._route()
        if found is None:
            self._nothing()
        return found

    def do_POST(self) -> None:
        body = self._body()
        if self._changing("POST"):
            self.kept.put(body)
            self._answer(201, body)

    def do_PATCH(self) -> None:
        body = self._body()
        # A whole object, as server-side apply sends it, or only what is to change.
        if found := self._changing("PATCH"):
            resource, namespace, name = found
            key = (resource.group_version, resource.plural, namespace, name)
            if "apply-patch" not in self.headers.get("Content-Type", ""):
                body = _merged(self.kept.objects.get(key, {}), body)
            self.kept.put(body)
            self._answer(200, body)

    do_PUT = do_PATCH

    def do_DELETE(self) -> None:
        if int(self.headers.get("Content-Length") or 0):
            self._body()
        if found := self._changing("DELETE"):
            resource, namespace, name = found
            gone = self.kept.objects.pop(
                (resource.group_version, resource.plural, namespace, name), None
            )
            if gone:
                self._answer(200, {"kind": "Status", "apiVersion": "v1", "status": "Success"})
            else:
                self._nothing()


def _merged(before: Object, change: Object) -> Object:
    """Merge as RFC 7396 says; that of Kubernetes differs in lists, which nobody changes here."""
    merged = dict(before)
    for key, value in change.items():
        if isinstance(value, dict):
            merged[key] = _merged(merged.get(key) or {}, value)
        elif value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    return merged


def _groups() -> list[Object]:
    groups: dict[str, list[Object]] = {}
    for group_version in KINDS:
        group, _, version = group_version.rpartition("/")
        if group:
            one = {"groupVersion": group_version, "version": version}
            groups.setdefault(group, []).append(one)
    return [
        {"name": group, "versions": versions, "preferredVersion": versions[0]}
        for group, versions in groups.items()
    ]


def _resource_list(group_version: str) -> Object:
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": group_version,
        "resources": [
            {
                "name": resource.plural,
                "singularName": resource.kind.lower(),
                "namespaced": resource.is_namespaced,
                "kind": resource.kind,
                "verbs": verbs,
            }
            for resource in RESOURCES.values()
            if resource.group_version == group_version
        ],
    }


def _openapi(path: str) -> Object:
    """Return as little as kubectl needs to leave the checking of fields to the server."""
    if not path:
        places = {
            version: f"api/{version}" if "/" not in version else f"apis/{version}"
            for version in KINDS
        }
        return {
            "paths": {
                place: {"serverRelativeURL": f"/openapi/v3/{place}"} for place in places.values()
            }
        }
    group_version = path.partition("/")[2]
    group, _, version = group_version.rpartition("/")
    return {
        "openapi": "3.0.0",
        "info": {"title": "stand-in", "version": "v1"},
        "paths": {
            f"/{path}/{resource.plural}/{{name}}": {
                "patch": {
                    "parameters": [
                        {"name": "fieldValidation", "in": "query"},
                        {"name": "dryRun", "in": "query"},
                    ],
                    "responses": {},
                    "x-kubernetes-group-version-kind": {
                        "group": group,
                        "version": version,
                        "kind": resource.kind,
                    },
                }
            }
            for resource in RESOURCES.values()
            if resource.group_version == group_version
        },
    }
