"""Reads environment variables; a missing or malformed one names itself and shows an example."""

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, unquote, urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from django.core.exceptions import ImproperlyConfigured

from kubevision.settings import mongodb

Network = IPv4Network | IPv6Network
N = TypeVar("N", int, float)

# Labels of letters, digits and hyphens, as DNS has them (RFC 1123).
_HOST_NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*", re.IGNORECASE)
_MOST_HOST_CHARACTERS = 253

_fallbacks: dict[str, str] = {}


def fill_in(**fallbacks: str) -> None:
    """Give variables a value that the environment may still override; `local` uses it."""
    _fallbacks.update(fallbacks)


def room_variable(room: str, name: str) -> str:
    """Return the name a room's variable goes by: ACCOUNTS_DATABASE_URL, else DATABASE_URL.

    The longer name exists because `local` holds all rooms in one environment.
    """
    own = f"{room.upper()}_{name}"
    return own if own in os.environ or own in _fallbacks else name


def _malformed(name: str, problem: str, example: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(f"{name} {problem}. Example: {name}={example}")


def text(name: str, default: str | None = None, *, example: str) -> str:
    """Return a variable's text; without a default it is required."""
    # Not through django-environ, which takes "$NAME" for a reference to another variable.
    value = os.environ.get(name, _fallbacks.get(name))
    if value is None:
        if default is None:
            raise _malformed(name, "is not set", example)
        return default
    return value.strip()


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """Return one of a few words."""
    value = text(name, default, example=choices[0])
    if value not in choices:
        raise _malformed(name, f"must be one of {', '.join(choices)}, not {value!r}", default)
    return value


def flag(name: str, default: bool) -> bool:
    """Return a switch: on or off."""
    value = text(name, "on" if default else "off", example="on").lower()
    if value in {"on", "true", "yes", "1"}:
        return True
    if value in {"off", "false", "no", "0"}:
        return False
    raise _malformed(name, f"must be on or off, not {value!r}", "on")


def _number(kind: Callable[[str], N], name: str, default: N, lowest: N, highest: N) -> N:
    value = text(name, str(default), example=str(default))
    try:
        number = kind(value)
    except ValueError:
        raise _malformed(name, f"must be a number, not {value!r}", str(default)) from None
    if not lowest <= number <= highest:
        raise _malformed(name, f"must be from {lowest} to {highest}, not {value}", str(default))
    return number


def whole_number(name: str, default: int, *, lowest: int, highest: int) -> int:
    """Return a whole number within its bounds."""
    return _number(int, name, default, lowest, highest)


def rate(name: str, default: float) -> float:
    """Return a rate between 0 and 1, such as a false match rate."""
    return _number(float, name, default, 0.0, 1.0)


def words(name: str, default: str = "", *, example: str) -> list[str]:
    """Return a list separated by commas."""
    return [
        word.strip() for word in text(name, default, example=example).split(",") if word.strip()
    ]


def _is_host_name(value: str) -> bool:
    return len(value) <= _MOST_HOST_CHARACTERS and _HOST_NAME.fullmatch(value) is not None


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True


DEFAULT_PORTS = {"http": 80, "https": 443}


def _origin_problem(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError as error:
        return f"{value!r} is not an origin: {error}"
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not (_is_host_name(host) or _is_address(host)):
        return f"{value!r} is not an origin like https://name or http://name:port"
    if port == 0:
        return f"{value!r} names port 0"
    if (
        value.endswith((":", "?", "#"))
        or parts.path not in {"", "/"}
        or parts.query
        or parts.fragment
        or parts.username is not None
    ):
        return f"{value!r} must hold scheme, host and port only"
    return None


def origins(name: str, default: str) -> list[str]:
    """Return a list of web origins (scheme, host, port), without a trailing slash."""
    values = words(name, default, example=default)
    if not values:
        raise _malformed(name, "is empty", default)
    return [_checked_origin(name, value, default) for value in values]


def origin(name: str, default: str, *, may_be_empty: bool = False) -> str:
    """Return one web origin, without a trailing slash."""
    value = text(name, default, example=default)
    if not value and may_be_empty:
        return ""
    return _checked_origin(name, value, default or "http://accounts:8000")


def _checked_origin(name: str, value: str, example: str) -> str:
    if problem := _origin_problem(value):
        raise _malformed(name, problem, example)
    # As browsers write it: names and schemes in small letters, no port that goes without saying.
    parts = urlsplit(value)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = "" if parts.port in {None, DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def networks(name: str, default: str) -> list[Network]:
    """Return a list of CIDR networks."""
    found: list[Network] = []
    for word in words(name, default, example="10.42.0.0/16"):
        try:
            found.append(ip_network(word))
        except ValueError as error:
            raise _malformed(name, f"has no network in {word!r}: {error}", "10.42.0.0/16") from None
    return found


def hosts(name: str) -> list[str]:
    """Return a list of host names, with a port where it is not the scheme's own."""
    example = "wiki.example.org,shop.example.org:8443"
    found = words(name, example=example)
    for word in found:
        if "/" in word or word.endswith(":") or _origin_problem(f"https://{word}"):
            raise _malformed(name, f"has no host name in {word!r}: no scheme, no path", example)
    return found


def cookie_domain(name: str) -> str:
    """Return the domain of a cookie, or nothing for one host alone."""
    example = "example.org"
    value = text(name, "", example=example)
    bare = value.removeprefix(".")
    # Browsers refuse cookies for a whole top-level domain and for addresses.
    if value and (not _is_host_name(bare) or "." not in bare or _is_address(bare)):
        raise _malformed(name, f"must be a domain such as {example}, not {value!r}", example)
    return value


@dataclass(frozen=True)
class MailServer:
    """Where mail is handed in; no host: nowhere."""

    host: str = ""
    port: int = 25
    user: str = ""
    password: str = ""
    use_tls: bool = False  # STARTTLS
    use_ssl: bool = False


# Scheme -> its own port (RFC 6409, RFC 8314).
_MAIL_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


def mail_server(name: str) -> MailServer:
    """Return the mail server of a URL, or none if the variable is empty or not set.

    Its password may stand in a file instead: ..._PASSWORD_FILE beside ..._URL.
    """
    example = "smtp+tls://name:password@mail.example.org:587"
    value = text(name, "", example=example)
    file_name, password = _password_file(name, example="/run/secrets/mail.password")
    if not value:
        return MailServer()
    # Never repeat the value: it may hold a password.
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise _malformed(name, "is not a URL", example) from None
    host = parts.hostname or ""
    if parts.scheme not in _MAIL_PORTS:
        raise _malformed(name, "must begin with smtp://, smtp+tls:// or smtps://", example)
    if not (_is_host_name(host) or _is_address(host)) or port == 0:
        raise _malformed(name, "names no host and port", example)
    if parts.path not in {"", "/"} or parts.query or parts.fragment:
        raise _malformed(name, "must hold scheme, name, password, host and port only", example)
    if password is not None and parts.password is not None:
        raise _malformed(name, f"holds a password, and {file_name} another one", example)
    if password is not None and not parts.username:
        raise _malformed(name, f"names nobody whose password {file_name} could hold", example)
    return MailServer(
        host,
        port or _MAIL_PORTS[parts.scheme],
        unquote(parts.username or ""),
        unquote(parts.password or "") if password is None else password,
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
    )


def _password_file(name: str, example: str) -> tuple[str, str | None]:
    """Return the name of the variable beside ..._URL, and the password in the file it names."""
    file_name = name.removesuffix("_URL") + "_PASSWORD_FILE"
    file = optional_file(file_name, example=example)
    return file_name, Path(file).read_text().strip() if file else None


# Databases of a Redis; its own default is 16.
_MOST_REDIS_DATABASES = 1024


def redis_url(name: str) -> str:
    """Return the URL of a Redis, or nothing if the variable is empty or not set.

    Its password may stand in a file instead: ..._PASSWORD_FILE beside ..._URL.
    """
    value = _checked_redis_url(name)
    file_name, password = _password_file(name, example="/run/secrets/redis.password")
    if not value or password is None:
        return value
    parts = urlsplit(value)
    if parts.password is not None:
        raise _malformed(name, f"holds a password, and {file_name} another one", "redis://redis/0")
    _user, _, address = parts.netloc.rpartition("@")
    who = f"{parts.username or ''}:{quote(password, safe='')}"
    return parts._replace(netloc=f"{who}@{address}").geturl()


def _checked_redis_url(name: str) -> str:
    example = "redis://:password@redis.example.org:6379/0"
    value = text(name, "", example=example)
    if not value:
        return ""
    # Never repeat the value: it may hold a password.
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise _malformed(name, "is not a URL", example) from None
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise _malformed(name, "must begin with redis://, rediss:// or unix://", example)
    if parts.query or parts.fragment or re.search(r"\s", value):
        raise _malformed(name, "must hold no spaces, no ? and no #", example)
    host, database = parts.hostname or "", parts.path.removeprefix("/")
    if parts.scheme == "unix":
        if host or port is not None or not database:
            raise _malformed(name, "names no socket", "unix:///run/redis/redis.sock")
        return value
    if not (_is_host_name(host) or _is_address(host)) or port == 0:
        raise _malformed(name, "names no host and port", example)
    if database and not (database.isascii() and database.isdigit()):
        raise _malformed(name, "must end with the number of a database, or with none", example)
    if int(database or 0) >= _MOST_REDIS_DATABASES:
        raise _malformed(name, "names a database that no Redis has", example)
    return value


def mail_address(name: str, default: str) -> str:
    """Return one mail address."""
    example = "kubevision@example.org"
    value = text(name, default, example=example)
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+", value):
        raise _malformed(name, f"must be a mail address, not {value!r}", example)
    return value


def folder(name: str, default: str, *, example: str) -> Path:
    """Return the path of a folder that is there."""
    path = Path(text(name, default, example=example))
    if not path.is_dir():
        raise _malformed(name, f"names {path}, which is no folder; `make run` makes it", example)
    return path


def optional_file(name: str, *, example: str) -> str:
    """Return the path of a file that is there, or nothing if the variable is empty or not set."""
    value = text(name, "", example=example)
    if value and not Path(value).is_file():
        raise _malformed(name, f"names {value}, which is no file", example)
    return value


def key_file(name: str, read: Callable[[Path], object], *, example: str) -> Path:
    """Return the path of a key file that `read` finds keys in."""
    path = Path(text(name, example=example))
    if not path.is_file():
        raise _malformed(
            name,
            f"names {path}, which is no file; `python -m kubevision.keys FOLDER` makes the keys",
            example,
        )
    try:
        read(path)
    except OSError as error:
        raise _malformed(
            name, f"names {path}, which cannot be read: {error.strerror}", example
        ) from None
    except (ImproperlyConfigured, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _malformed(
            name, f"names a file without keys of its kind: {_first_line(error)}", example
        ) from None
    return path


def _first_line(error: Exception) -> str:
    """Return the beginning of a library's message, which may go on for a page."""
    return (str(error).splitlines() or [type(error).__name__])[0]


def database(name: str, default: str | None) -> dict[str, object]:
    """Return a Django database setting from a URL: an SQLite file, or MongoDB.

    MongoDB's password may stand in a file instead: ..._PASSWORD_FILE beside ..._URL.
    """
    example = "sqlite:////var/lib/kubevision/accounts.sqlite3"
    url = text(name, default, example=example)
    if url.startswith("sqlite:"):
        return _sqlite(name, url, example)
    if not url.startswith("mongodb://"):
        problem = f"must begin with sqlite: or mongodb://, not {url.split(':')[0]!r}"
        raise _malformed(name, problem, example)
    example = "mongodb://accounts@mongo.example/accounts?replicaSet=rs0"
    _file_name, password = _password_file(name, example="/run/secrets/database.password")
    try:
        return mongodb.read(url, password)
    except ValueError as error:
        raise _malformed(name, str(error), example) from None
    except ModuleNotFoundError:
        raise _malformed(
            name, "needs django-mongodb-backend; requirements/*.txt install it", example
        ) from None


def _sqlite(name: str, url: str, example: str) -> dict[str, object]:
    """Return the setting for a file; it opens in WAL mode."""
    file = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not file.name or "?" in url or file.is_dir():
        raise _malformed(name, f"names no file: {url!r}", example)
    # SQLite makes the file, and two more beside it while it works.
    if not file.parent.is_dir():
        raise _malformed(name, f"names a file in {file.parent}, which is no folder", example)
    for path in (file.parent, *([file] if file.exists() else [])):
        if not os.access(path, os.W_OK):
            raise _malformed(name, f"cannot be used: {path} is not writable", example)
    # The path as it was checked: a URL's reader would take # and % in it for something else.
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(file),
        "OPTIONS": SQLITE_OPTIONS,
    }


# WAL lets readers go on while one writes; IMMEDIATE takes the write lock at the start of a
# transaction, so that two writers wait for each other instead of failing in the middle;
# secure_delete overwrites what is deleted (erased references must not stay in the file).
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 10,  # seconds a writer waits for the lock
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA secure_delete=ON;"
    ),
}
