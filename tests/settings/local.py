"""The laptop's settings; every answer and every socket is held to the contract."""

from kubevision.settings.local import *  # noqa: F403
from kubevision.settings.local import MIDDLEWARE as _MIDDLEWARE

MIDDLEWARE = ["tests.settings.listening.AnswersAreChecked", *_MIDDLEWARE]
WEBSOCKET_URLCONF = "tests.settings.checked_sockets"
