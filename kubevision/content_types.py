"""Content-Type headers that Django can read: it trips over some before any code of ours runs.

Under WSGI Django decodes the query with whatever charset a body claims. `charset=base64` is a codec
of Python's and no text encoding, and so was a fault (500). All that is read here is UTF-8.
"""

import re

_CHARSET = re.compile(r'charset\s*=\s*("[^"]*"|[^;]*)', re.IGNORECASE)
_UTF_8 = re.compile(r'charset\s*=\s*"?utf-?8"?\s*', re.IGNORECASE)
# A text encoding that can decode any bytes; Django refuses forms in it (400), JSON ignores it.
_REFUSED = "charset=iso-8859-1"


def readable(content_type: str) -> str:
    """Return the header as it is, or with another charset if it names one that is not UTF-8."""
    found = _CHARSET.search(content_type)
    if found is None or _UTF_8.fullmatch(found.group()):
        return content_type
    return _CHARSET.sub(_REFUSED, content_type)
