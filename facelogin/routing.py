"""The sockets of facelogin, behind a check of where the page came from."""

from typing import Any
from urllib.parse import ParseResult

from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import URLRouter
from channels.security.websocket import OriginValidator
from django.conf import settings
from django.urls import path, re_path

from facelogin.consumers import CaptureConsumer
from facelogin.live_consumer import LiveConsumer


class OriginAllowList(OriginValidator):  # type: ignore[misc]  # Channels ships no types
    """Lets in pages of our own origins, and scripts without one where the settings allow it."""

    def valid_origin(self, parsed_origin: ParseResult | None) -> bool:
        """Judge the Origin header; browsers always send it."""
        if parsed_origin is None:
            allowed: bool = settings.FACELOGIN_ALLOW_MISSING_ORIGIN
            return allowed
        return bool(super().valid_origin(parsed_origin))


class UnknownSocket(AsyncWebsocketConsumer):  # type: ignore[misc]  # Channels ships no types
    """Refuses any other path at the handshake."""

    async def connect(self) -> None:
        """Close before accepting: HTTP 403."""
        await self.close()


application: Any = OriginAllowList(
    URLRouter(
        [
            path("face/v1/capture", CaptureConsumer.as_asgi()),
            path("face/v1/live", LiveConsumer.as_asgi()),
            re_path("", UnknownSocket.as_asgi()),
        ]
    ),
    settings.PUBLIC_ORIGINS,
)
