"""URLs of the accounts room."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [path("auth/", include("accounts.urls"))]
