"""The facelogin room alone: the capture socket and a few HTTP calls from accounts."""

from kubevision.keys import read_secret_keys, read_signing_keys, read_template_keys
from kubevision.settings import env
from kubevision.settings.base import *  # noqa: F403  (Django settings modules extend each other so)
from kubevision.settings.base import OUTER_MIDDLEWARE, READINESS_CHECKS, SILENCED_SYSTEM_CHECKS

ROOT_URLCONF = "kubevision.urls.facelogin"
WEBSOCKET_URLCONF = "facelogin.routing"
ASGI_APPLICATION = "kubevision.asgi.application"

SECRET_KEY_FILE = env.key_file(
    "SECRET_KEY_FILE", read_secret_keys, example="/run/secrets/secret.key"
)
SECRET_KEY, *SECRET_KEY_FALLBACKS = read_secret_keys(SECRET_KEY_FILE)
FACELOGIN_SIGNING_KEY_FILE = env.key_file(
    env.room_variable("facelogin", "SIGNING_KEY_FILE"),
    read_signing_keys,
    example="/run/secrets/facelogin-signing.pem",
)
FACELOGIN_TEMPLATE_KEY_FILE = env.key_file(
    "TEMPLATE_KEY_FILE", read_template_keys, example="/run/secrets/template.key"
)
DATABASES = {
    "default": env.database(
        env.room_variable("facelogin", "DATABASE_URL"),
        "sqlite:////var/lib/kubevision/facelogin.sqlite3",
    )
}

FACELOGIN_ALLOW_MISSING_ORIGIN = env.flag("FACELOGIN_ALLOW_MISSING_ORIGIN", False)
# Which there are is the engines' own registry's to say: facelogin.checks.
FACELOGIN_ENGINE = env.text("FACELOGIN_ENGINE", "lbph", example="lbph")
FACELOGIN_CALIBRATION = env.optional_file(
    "FACELOGIN_CALIBRATION", example="/var/lib/kubevision/lbph.calibration.json"
)
FACELOGIN_ONNX_MODEL = env.optional_file(
    "FACELOGIN_ONNX_MODEL", example="/var/lib/kubevision/face.onnx"
)
FACELOGIN_DEVICE = env.choice("FACELOGIN_DEVICE", "auto", ("auto", "cpu", "gpu"))
FACELOGIN_CHALLENGE = env.choice("FACELOGIN_CHALLENGE", "turn", ("turn", "none"))
FACELOGIN_COHORT = env.choice("FACELOGIN_COHORT", "off", ("off", "consenting"))
FACELOGIN_FALSE_MATCH_RATE = env.rate("FACELOGIN_FALSE_MATCH_RATE", 0.001)
# Carries live messages between copies; none: there is one copy, or its pages ask a little later.
REDIS_URL = env.redis_url("REDIS_URL")
# 0: one per core.
FACELOGIN_WORKERS = env.whole_number("FACELOGIN_WORKERS", 0, lowest=0, highest=64)

INSTALLED_APPS = ["kubevision", "facelogin.apps.FaceloginConfig"]
MIDDLEWARE = [
    *OUTER_MIDDLEWARE,
    "django.middleware.common.CommonMiddleware",
]

SILENCED_SYSTEM_CHECKS = [
    *SILENCED_SYSTEM_CHECKS,
    "security.W002",  # no frame options: this room has no pages
    "security.W003",  # no CSRF protection: it reads no cookie, only tickets
]

SERVE_ON_START = [
    "facelogin.workers.start",
    "facelogin.services.reports.start",
    "facelogin.services.live.start",
]
SERVE_ON_STOP = [
    "facelogin.services.live.stop",
    "facelogin.services.reports.stop",
    "facelogin.workers.stop",
]
HOUSEKEEPING = [
    "facelogin.stores.remove_expired",
    "facelogin.services.reports.deliver_due",
    "facelogin.services.key_renewal.remember_key",
]
BACKUPS = {"default": "facelogin.backups.PLAN"}

ROOMS_BY_PREFIX = [("/", "facelogin")]
READINESS_CHECKS = {
    **READINESS_CHECKS,
    "database": "kubevision.backups.readiness.check_databases",
    "workers": "facelogin.workers.check_alive",
    "operating_point": "facelogin.operating_point.note",
}
READINESS_NOTES = [
    "facelogin.services.engines.note",
    "facelogin.services.cohorts.note",
    "facelogin.services.key_renewal.note",
]
KEY_FILES = {
    "SECRET_KEY_FILE": (SECRET_KEY_FILE, read_secret_keys),
    "FACELOGIN_SIGNING_KEY_FILE": (FACELOGIN_SIGNING_KEY_FILE, read_signing_keys),
    "TEMPLATE_KEY_FILE": (FACELOGIN_TEMPLATE_KEY_FILE, read_template_keys),
}
