"""All three rooms in one process on a laptop: one SQLite file per room, HTTP over loopback.

Fills in what an operator would set for each room, takes each room's settings as they are and says
only where one process needs something else.
"""

from importlib import import_module
from pathlib import Path

from kubevision.settings import env, policies

DATA_DIR = env.folder(
    "DATA_DIR",
    str(Path(__file__).resolve().parent.parent.parent / "var"),
    example="/var/lib/kubevision",
)

# base and the room modules read the environment when they are imported, so this comes first.
env.fill_in(
    ACCOUNTS_DATABASE_URL=f"sqlite:///{DATA_DIR}/accounts.sqlite3",
    ACCOUNTS_SIGNING_KEY_FILE=f"{DATA_DIR}/keys/accounts-signing.pem",
    FACELOGIN_ALLOW_MISSING_ORIGIN="on",
    FACELOGIN_DATABASE_URL=f"sqlite:///{DATA_DIR}/facelogin.sqlite3",
    FACELOGIN_SIGNING_KEY_FILE=f"{DATA_DIR}/keys/facelogin-signing.pem",
    SECRET_KEY_FILE=f"{DATA_DIR}/keys/secret.key",
    TEMPLATE_KEY_FILE=f"{DATA_DIR}/keys/template.key",
    TRUSTED_PROXIES="127.0.0.0/8,::1/128",
)
ROOMS = [
    import_module(f"kubevision.settings.{room}") for room in ("accounts", "facelogin", "dashboard")
]
for room in ROOMS:
    globals().update({name: value for name, value in vars(room).items() if name.isupper()})

ROOT_URLCONF = "kubevision.urls.local"
ASGI_APPLICATION = "kubevision.asgi.application"

DATABASES = {"default": ROOMS[0].DATABASES["default"], "facelogin": ROOMS[1].DATABASES["default"]}
DEFAULT_AUTO_FIELD = ROOMS[0].DEFAULT_AUTO_FIELD  # no other room leaves its keys to Django
DATABASE_ROUTERS = ["kubevision.local.RoomRouter"]

# daphne first: it replaces Django's runserver by one that knows WebSockets.
INSTALLED_APPS = list(
    dict.fromkeys(["daphne", *(app for room in ROOMS for app in room.INSTALLED_APPS)])
)
# Accounts' middleware is what the other two rooms need and more.
_OUTER = ROOMS[0].OUTER_MIDDLEWARE
MIDDLEWARE = [
    *_OUTER,
    "kubevision.local.AdminCookiesMiddleware",
    "kubevision.local.AdminStaticMiddleware",
    *(name for name in ROOMS[0].MIDDLEWARE if name not in _OUTER),
]
_PREFIXES = dict(zip(("/auth/", "/face/", "/"), ROOMS, strict=True))
SECURITY_HEADERS = policies.by_room(_PREFIXES, "SECURITY_HEADERS", None)
CONTENT_SECURITY_POLICIES = policies.by_room(_PREFIXES, "CONTENT_SECURITY_POLICIES", None)
ERROR_ANSWERS = policies.by_room(_PREFIXES, "ERROR_ANSWERS", None)
TEMPLATES = ROOMS[0].TEMPLATES

STATIC_URL = "/static/"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "kubevision.local.StaticStorage"},
}

# One process has one name for each cookie; kubevision.local gives the admin's two their own.
CSRF_COOKIE_NAME = ROOMS[2].CSRF_COOKIE_NAME
CSRF_COOKIE_PATH = "/"

MANAGEMENT_HOST = "127.0.0.1"  # nobody but this laptop's owner has business there
READINESS_CHECKS = {name: check for room in ROOMS for name, check in room.READINESS_CHECKS.items()}
READINESS_NOTES = [note for room in ROOMS for note in room.READINESS_NOTES]
KEY_FILES = {name: file for room in ROOMS for name, file in room.KEY_FILES.items()}
ROOMS_BY_PREFIX = [("/auth/", "accounts"), ("/face/", "facelogin"), ("/", "dashboard")]

SILENCED_SYSTEM_CHECKS = ROOMS[0].SILENCED_SYSTEM_CHECKS  # facelogin's own do not fit the others

BACKUPS = {"default": "accounts.backups.PLAN", "facelogin": "facelogin.backups.PLAN"}
HOUSEKEEPING = [name for room in ROOMS for name in room.HOUSEKEEPING]
# The thread stands for the CronJob of a cluster.
SERVE_ON_START = [*ROOMS[1].SERVE_ON_START, "kubevision.housekeeping.start"]
SERVE_ON_STOP = ["kubevision.housekeeping.stop", *ROOMS[1].SERVE_ON_STOP]
