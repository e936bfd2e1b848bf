"""HTTP URLs of the facelogin room; its sockets are in WEBSOCKET_URLCONF."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("face/", include("facelogin.urls"))]
