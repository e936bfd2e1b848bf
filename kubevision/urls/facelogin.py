"""HTTP URLs of the facelogin room; its sockets are in WEBSOCKET_URLCONF."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("face/", include("facelogin.urls"))]

handler400 = "kubevision.failures.bad_request"
handler403 = "kubevision.failures.permission_denied"
handler404 = "kubevision.failures.page_not_found"
handler500 = "kubevision.failures.server_error"
