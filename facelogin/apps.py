"""The facelogin room as a Django app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FaceloginConfig(AppConfig):
    """Whose face this is: capture, recognition, encrypted references."""

    name = "facelogin"
    verbose_name = _("Face sign-in")

    def ready(self) -> None:
        """Register the start-up checks."""
        from facelogin import checks  # noqa: F401, PLC0415  (needs loaded apps)
