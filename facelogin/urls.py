"""HTTP URLs of facelogin below /face/."""

from django.urls import URLPattern, path

from facelogin import views

urlpatterns: list[URLPattern] = [
    path("v1/reference", views.reference),
    path("v1/reference/extensions/<slug:extension_id>", views.extension),
    path("v1/session-ended", views.session_ended),
    path(".well-known/jwks.json", views.publish_keys),
]
