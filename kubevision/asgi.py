"""ASGI entry: HTTP by Django, sockets by the module that WEBSOCKET_URLCONF names."""

from importlib import import_module
from typing import Any

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

from kubevision.content_types import readable

_django = get_asgi_application()  # sets Django up; rooms can be imported only after it


async def _http(scope: Any, receive: Any, send: Any) -> None:
    """Answer a request; what Django could not read is made readable first."""
    headers = [
        (name, readable(value.decode("latin-1")).encode("latin-1"))
        if name == b"content-type"
        else (name, value)
        for name, value in scope["headers"]
    ]
    await _django(scope | {"headers": headers}, receive, send)


application = ProtocolTypeRouter(
    {"http": _http, "websocket": import_module(settings.WEBSOCKET_URLCONF).application}
)
