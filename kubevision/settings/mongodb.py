"""Turns a mongodb:// URL into a Django database setting (decision 1)."""

from typing import Any

ENGINE = "kubevision.mongodb"
AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"  # keys of models of Django's own
# The same apps with such keys, and migrations that make them.
APPS = {
    "accounts.apps.AccountsAdminConfig": "accounts.mongodb_apps.AdminConfig",
    "django.contrib.auth": "accounts.mongodb_apps.AuthConfig",
    "django.contrib.contenttypes": "accounts.mongodb_apps.ContentTypesConfig",
}
MIGRATION_MODULES = {
    app: f"accounts.mongodb_migrations.{app}" for app in ("admin", "auth", "contenttypes")
}

# What a URL does not say itself. Milliseconds.
OPTIONS: dict[str, Any] = {
    # One operation, all in: finding a server, waiting for a connection, the answer, one retry. An
    # election takes longer; whoever waits is told so in time instead (503 within five seconds).
    "timeoutMS": 4000,
    # The same for finding a server where a command has no such limit (`manage.py prepare`).
    "serverSelectionTimeoutMS": 4000,
    # Somebody whose packets are lost is given up on in time to try again elsewhere.
    "connectTimeoutMS": 2000,
    # A write that a broken connection leaves in doubt is sent once more and counts once.
    "retryWrites": True,
    # What was acknowledged survives the loss of the primary: a spent token stays spent.
    "w": "majority",
    # Of one process: more than gunicorn and facelogin have threads, fewer than a server minds.
    "maxPoolSize": 64,
}


def read(url: str, password: str | None = None) -> dict[str, object]:
    """Return the setting for Django; the password may stand outside the URL.

    Raises
    ------
    ValueError
        In words that never hold the URL, which holds a password.
    """
    # Only rooms with a database have the driver.
    from pymongo.errors import PyMongoError  # noqa: PLC0415
    from pymongo.uri_parser import parse_uri  # noqa: PLC0415

    try:
        parsed = parse_uri(url)
    except (PyMongoError, ValueError, TypeError) as error:
        raise ValueError(f"is no MongoDB URL: {str(error).splitlines()[0]}") from None
    if not parsed["database"]:
        raise ValueError("names no database: after the host comes /name")
    said = {name.lower() for name in parsed["options"]}
    options = {name: value for name, value in OPTIONS.items() if name.lower() not in said}
    setting: dict[str, object] = {
        "ENGINE": ENGINE,
        "HOST": url,
        "NAME": parsed["database"],
        "OPTIONS": options,
    }
    return setting | ({"PASSWORD": password} if password else {})
