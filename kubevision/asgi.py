"""ASGI entry: HTTP by Django, sockets by the module that WEBSOCKET_URLCONF names."""

from importlib import import_module

from channels.routing import ProtocolTypeRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

_http = get_asgi_application()  # sets Django up; rooms can be imported only after it
application = ProtocolTypeRouter(
    {"http": _http, "websocket": import_module(settings.WEBSOCKET_URLCONF).application}
)
