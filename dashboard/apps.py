"""The dashboard room as a Django app."""

from django.apps import AppConfig


class DashboardConfig(AppConfig):
    """What people see."""

    name = "dashboard"

    def ready(self) -> None:
        """Register the start-up checks."""
        from dashboard import checks  # noqa: F401, PLC0415  (needs loaded settings)
