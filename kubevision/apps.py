"""The floor under the rooms as a Django app: it brings commands and start-up checks."""

from django.apps import AppConfig


class KubevisionConfig(AppConfig):
    """What every room has."""

    name = "kubevision"

    def ready(self) -> None:
        """Register the start-up checks."""
        from kubevision import checks  # noqa: F401, PLC0415  (needs loaded settings)
