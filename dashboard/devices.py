"""What people call the browser and the system that a User-Agent stands for."""

import re

from django.utils.translation import gettext as _

# The first that fits counts: most browsers also carry the names of those they descend from.
_BROWSERS = (
    ("Edg(?:e|A|iOS)?/", "Edge"),
    ("OPR/|Opera", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/|FxiOS/", "Firefox"),
    ("Chrome/|Chromium/|CriOS/", "Chrome"),
    ("Version/.*Safari/", "Safari"),
)
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("CrOS", "ChromeOS"),
    ("Windows", "Windows"),
    ("Mac OS X|Macintosh", "macOS"),
    ("Linux", "Linux"),
)
# A program that is no browser calls itself `name/version`.
_PROGRAM = re.compile(r"([A-Za-z][A-Za-z0-9._-]{1,30})/")


def device_in_words(user_agent: str) -> str:
    """Return a device in few words, such as "Firefox on Linux".

    It is what the browser says of itself, which anybody can make say anything: a help for people to
    know their own devices again, no proof.
    """
    browser = _first(_BROWSERS, user_agent)
    system = _first(_SYSTEMS, user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    if browser or system:
        return browser or system
    program = _PROGRAM.match(user_agent)
    return program[1] if program and program[1] != "Mozilla" else _("Unknown device")


def _first(names: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for pattern, name in names if re.search(pattern, user_agent)), "")
