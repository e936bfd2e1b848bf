"""URLs of all rooms in one process; the prefixes are those an ingress would route by."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("auth/", include("accounts.urls")),
    path("face/", include("facelogin.urls")),
    path("", include("dashboard.urls")),
]

handler400 = "kubevision.failures.bad_request"
handler403 = "kubevision.failures.permission_denied"
handler404 = "kubevision.failures.page_not_found"
handler500 = "kubevision.failures.server_error"
