"""HTTP as it should not be, as bytes on a connection, and what must come back.

`HOST` stands for the product's own name and port, `TOKEN` for the token of a session.
"""

import base64
import json
from dataclasses import dataclass
from itertools import count

from tests.bad_input.person import PASSWORD
from tests.bad_input.raw import Answer

MIB = 2**20
JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"

NO_BODY = "400, no body"  # what no HTTP server could read; the connection is closed
PAGE_200, PAGE_400, PAGE_403 = (f"{status}, a page of ours" for status in (200, 400, 403))
PAGE_404, PAGE_413 = (f"{status}, a page of ours" for status in (404, 413))
INVALID, NOBODY = "400 invalid_input", "401 invalid_credentials"
CLOSED = "connection closed"


@dataclass(frozen=True)
class RequestCase:
    """Some bytes, and what the client must see first; `header` is one that the answer must have."""

    name: str
    sent: bytes
    sees: str
    header: tuple[str, str] | None = None

    def complaint(self, answer: Answer) -> str:
        """Return what is wrong with the answer, or nothing."""
        if str(answer) != self.sees:
            return f"{answer} instead of {self.sees}"
        if self.header is not None and answer.headers.get(self.header[0]) != self.header[1]:
            return f"{self.header[0]} is {answer.headers.get(self.header[0])}"
        return ""


def _get(
    path: str | bytes,
    *headers: bytes,
    method: bytes = b"GET",
    version: bytes = b"HTTP/1.1",
    host: bytes = b"Host: HOST",
) -> bytes:
    target = path if isinstance(path, bytes) else path.encode()
    lines = [method + b" " + target + b" " + version, *([host] if host else []), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _post(path: str, body: bytes, *headers: bytes, kind: str = JSON_TYPE) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return _get(path, length, b"Content-Type: " + kind.encode(), *headers, method=b"POST") + body


def _sign_in(body: bytes, *headers: bytes) -> bytes:
    return _post("/auth/v1/sessions", body, *headers)


def _chunked(path: str, *chunks: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = _get(path, b"Transfer-Encoding: chunked", method=b"POST")
    return head + b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks) + end


def _upgrade(*headers: bytes, path: str = "/face/v1/capture", **options: bytes) -> bytes:
    usual = [
        b"Upgrade: websocket",
        b"Connection: Upgrade",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    return _get(path, *usual, *headers, **options)


_numbers = count(1)


def _who() -> bytes:
    """Somebody new: five wrong passwords for one name would be answered by a limit."""
    who = {"username": f"nobody{next(_numbers)}", "password": PASSWORD}
    return json.dumps(who).encode()


WHO = _who()
_LONG_PASSWORD = json.dumps({"username": "nobody", "password": "x" * 4096}).encode()
_DEEP_TOKEN = base64.urlsafe_b64encode(b"[" * 2900).rstrip(b"=") + b".e30.x"
_TOKEN = b"Authorization: Bearer TOKEN"
_SUBPROTOCOL = b"Sec-WebSocket-Protocol: kubevision.face.v1"

HOSTS = [
    RequestCase("a forged Host, REST", _get("/auth/v1/session", host=b"Host: evil.example"),
                "400 bad_request"),
    RequestCase("a forged Host, facelogin", _get("/face/v1/reference", host=b"Host: evil.example"),
                "400 bad_request"),
    RequestCase("a forged Host, a page", _get("/login", host=b"Host: evil.example"), PAGE_400),
    RequestCase("a Host that is no name", _get("/login", host=b"Host: a b/c@d"), PAGE_400),
    RequestCase("two Hosts", _get("/login", b"Host: evil.example"), PAGE_400),
    RequestCase("no Host", _get("/login", host=b""), PAGE_400),
    RequestCase("X-Forwarded-Host", _get("/profile", b"X-Forwarded-Host: evil.example"),
                "302, no body", ("location", "/login?next=%2Fprofile")),
    RequestCase("X-Forwarded-Proto",
                _get("/profile", b"X-Forwarded-Proto: javascript", b"X-Forwarded-Port: 99999"),
                "302, no body", ("location", "/login?next=%2Fprofile")),
    RequestCase("X-Forwarded-For with a zone", _sign_in(_who(), b"X-Forwarded-For: fe80::1%eth0"),
                NOBODY),
    RequestCase("X-Forwarded-For with a zone of 2 000 characters",
                _sign_in(_who(), b"X-Forwarded-For: fe80::1%" + b"x" * 2000), NOBODY),
    RequestCase("X-Forwarded-For with a zone, through the dashboard",
                _get("/login", b"X-Forwarded-For: fe80::1%\xe9", b"Cookie: kv_session=abc"),
                PAGE_200),
    RequestCase("X-Forwarded-For that is no address",
                _sign_in(_who(), b"X-Forwarded-For: \xff\xfe, 1.2.3.4.5"), NOBODY),
    RequestCase("Daphne-Root-Path to another site",
                _get("/profile", b"Daphne-Root-Path: //evil.example"),
                "302, no body", ("location", "/login?next=%2Fprofile")),
    RequestCase("Daphne-Root-Path that is no ASCII", _get("/login", b"Daphne-Root-Path: \xff"),
                PAGE_200),
    RequestCase("X-HTTP-Method-Override",
                _get("/auth/v1/session", b"X-HTTP-Method-Override: DELETE", _TOKEN),
                "200 application/json"),
]  # fmt: skip

LINES = [
    RequestCase("a method that does not exist", _get("/auth/v1/session", method=b"FOO"),
                "405 method_not_allowed"),
    RequestCase("a method that is no ASCII", _get("/login", method=b"G\xc9T"), NO_BODY),
    RequestCase("TRACE", _get("/auth/v1/session", method=b"TRACE"), "405 method_not_allowed"),
    RequestCase("CONNECT", _get("evil.example:443", method=b"CONNECT"), PAGE_404),
    RequestCase("OPTIONS *", _get("*", method=b"OPTIONS"), PAGE_404),
    RequestCase("an absolute address of another site", _get("http://evil.example/login"), PAGE_404),
    RequestCase("an absolute address of ours", _get("http://HOST/login"), PAGE_404),
    RequestCase("HTTP/1.0", _get("/login", version=b"HTTP/1.0"), PAGE_200),
    RequestCase("HTTP/1.0 without Host", _get("/login", version=b"HTTP/1.0", host=b""), PAGE_400),
    RequestCase("HTTP/0.9", b"GET /login\r\n", NO_BODY),
    RequestCase("HTTP/9.9", _get("/login", version=b"HTTP/9.9"), NO_BODY),
    RequestCase("another protocol's name", _get("/login", version=b"FTP/1.1"), NO_BODY),
    RequestCase("HTTP/2's first bytes", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NO_BODY),
    RequestCase("bytes that mean nothing", b"\x00\x01\x02\xff\r\n\r\n", NO_BODY),
    RequestCase("garbage behind a request", _get("/login") + b"\x00\xffgarbage\r\n\r\n", PAGE_200),
    RequestCase("an address of 10 kB", _get("/" + "x" * 10_000), PAGE_404),
    RequestCase("an address of 100 kB", _get("/" + "x" * 100_000), CLOSED),
    RequestCase("an address that is no ASCII", _get(b"/auth/v1/\xff"), NO_BODY),
    RequestCase("a query that is no ASCII", _get(b"/auth/v1/user?include=\xff"), NO_BODY),
    RequestCase("a percent sign and no digits", _get("/auth/v1/%zz?%zz=%"), "404 not_found"),
    RequestCase("%ff in a path", _get("/auth/v1/%ff%fe"), "404 not_found"),
    RequestCase("%00 in a path", _get("/auth/v1/users%00"), "404 not_found"),
    RequestCase("%00 in a static file's name", _get("/static/a%00.css"), PAGE_404),
    RequestCase("%00 in an administrator's path",
                _get("/auth/admin/accounts/user/1%00/change/"), "302, no body"),
    RequestCase("%2e%2e up to the root", _get("/%2e%2e/%2e%2e/etc/passwd"), PAGE_404),
    RequestCase("%2e%2e out of the static files", _get("/static/%2e%2e/%2e%2e/etc/passwd"),
                PAGE_404),
    RequestCase("%2f for slashes", _get("/auth%2fv1%2fsession"), "401 unauthenticated"),
    RequestCase("two slashes at the start", _get("//auth/v1/session"), PAGE_404),
    RequestCase("two slashes and another site", _get("//evil.example/%2e%2e"), PAGE_404),
    RequestCase("a backslash and another site", _get("/\\evil.example"), PAGE_404),
    RequestCase("a fragment in the request line", _get("/login#x"), PAGE_404),
]  # fmt: skip

HEADERS = [
    RequestCase("1 000 headers of one name", _get("/login", *[b"X-A: 1"] * 1000), NO_BODY),
    RequestCase("400 headers of one name", _get("/login", *[b"X-A: 1"] * 400), PAGE_200),
    RequestCase("a cookie of 10 kB", _get("/login", b"Cookie: a=" + b"x" * 10_000), PAGE_200),
    RequestCase("a cookie of 100 kB", _get("/login", b"Cookie: a=" + b"x" * 100_000), CLOSED),
    RequestCase("a header without a colon", _get("/login", b"justtext"), NO_BODY),
    RequestCase("a space in a header's name", _get("/login", b"X A: 1"), NO_BODY),
    RequestCase("NUL in a header", _get("/login", b"X-A: a\x00b"), NO_BODY),
    RequestCase("a lone return in a header", _get("/login", b"X-A: a\rb"), NO_BODY),
    RequestCase("a header over two lines", _get("/login", b"X-A: a\r\n b"), PAGE_200),
    RequestCase("a token that is no ASCII",
                _get("/auth/v1/session", b"Authorization: Bearer \xff\xfe"), "401 unauthenticated"),
    RequestCase("a token of 8 kB",
                _get("/auth/v1/session", b"Authorization: Bearer " + b"x" * 8000),
                "401 unauthenticated"),
    RequestCase("two tokens", _get("/auth/v1/session", _TOKEN, _TOKEN), "401 unauthenticated"),
    RequestCase("a bearer ticket of 2 900 brackets",
                _get("/face/v1/reference", b"Authorization: Bearer " + _DEEP_TOKEN),
                "401 ticket_refused"),
    RequestCase("a language of 8 kB",
                _get("/login", b"Accept-Language: " + b"a-" * 4000), PAGE_200),
    RequestCase("a date in the year 99999",
                _get("/static/dashboard/css/kubevision.css",
                     b"If-Modified-Since: Mon, 01 Jan 99999 00:00:00 GMT"), "304, no body"),
    RequestCase("a range behind the end",
                _get("/static/dashboard/css/kubevision.css", b"Range: bytes=99999999-"),
                "416, no body"),
    RequestCase("a form's cookie that is no ASCII",
                _post("/login", b"csrfmiddlewaretoken=x", b"Cookie: kv_csrf=\xff", kind=FORM_TYPE),
                PAGE_403),
    RequestCase("a form's Origin that is no address",
                _post("/login", b"csrfmiddlewaretoken=x", b"Origin: http://[::1", kind=FORM_TYPE),
                PAGE_403),
    RequestCase("next that is no address", _get("/login?next=http://[::1"), PAGE_200),
]  # fmt: skip

BODIES = [
    RequestCase("in chunks, without a length", _chunked("/auth/v1/sessions", _who()), NOBODY),
    RequestCase("chunks of one byte",
                _chunked("/auth/v1/sessions", *(bytes([byte]) for byte in WHO)), NOBODY),
    RequestCase("a chunk's length that is no number",
                _chunked("/auth/v1/sessions", end=b"zz\r\nabc\r\n0\r\n\r\n"), NO_BODY),
    RequestCase("chunks and a length",
                _get("/auth/v1/sessions", b"Transfer-Encoding: chunked", b"Content-Length: 5",
                     method=b"POST") + b"0\r\n\r\n", NO_BODY),
    RequestCase("an unknown transfer encoding",
                _get("/auth/v1/sessions", b"Transfer-Encoding: gzip", method=b"POST"), NO_BODY),
    RequestCase("a negative length",
                _get("/auth/v1/sessions", b"Content-Length: -5", method=b"POST"), NO_BODY),
    RequestCase("a length with a sign",
                _get("/auth/v1/sessions", b"Content-Length: +5", method=b"POST"), NO_BODY),
    RequestCase("a length in words",
                _get("/auth/v1/sessions", b"Content-Length: many", method=b"POST"), NO_BODY),
    RequestCase("two lengths",
                _get("/auth/v1/sessions", b"Content-Length: 5", b"Content-Length: 6",
                     method=b"POST"), NO_BODY),
    RequestCase("a length shorter than the body",
                _get("/auth/v1/sessions", b"Content-Length: 5", method=b"POST") + WHO, INVALID),
    RequestCase("a body of 65 537 bytes", _sign_in(b" " * 65_537), INVALID),
    RequestCase("a body of 1 MiB", _sign_in(b" " * MIB), INVALID),
    RequestCase("a body of 20 MiB", _sign_in(b" " * (20 * MIB)), INVALID),
    RequestCase("20 MiB in chunks", _chunked("/auth/v1/sessions", *[b" " * MIB] * 20), INVALID),
    RequestCase("a form of 1 MiB", _post("/login", b"a=" + b"x" * MIB, kind=FORM_TYPE), PAGE_413),
    RequestCase("a form of 20 MiB", _post("/login", b"a=" + b"x" * (20 * MIB), kind=FORM_TYPE),
                PAGE_413),
    RequestCase("a form of 2 000 fields",
                _post("/login", b"&".join(b"a%d=1" % i for i in range(2000)), kind=FORM_TYPE),
                PAGE_400),
    RequestCase("a form in UTF-16", _post("/login", b"a=1", kind=f"{FORM_TYPE}; charset=utf-16"),
                PAGE_400),
    RequestCase("a form in base64", _post("/login", b"a=%ff", kind=f"{FORM_TYPE}; charset=base64"),
                PAGE_400),
    RequestCase("a form in parts without a boundary",
                _post("/login", b"x", kind="multipart/form-data"), NO_BODY),
    RequestCase("a file in a form",
                _post("/login", b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"'
                      b"\r\n\r\nabc\r\n--b--\r\n", kind="multipart/form-data; boundary=b"),
                PAGE_403),
    RequestCase("JSON called a form", _post("/auth/v1/sessions", _who(), kind=FORM_TYPE), NOBODY),
    RequestCase("JSON called nothing",
                _get("/auth/v1/sessions", b"Content-Length: %d" % len(WHO), method=b"POST") + WHO,
                NOBODY),
    RequestCase("JSON in UTF-16", _sign_in(WHO.decode().encode("utf-16")), INVALID),
    RequestCase("JSON behind a byte order mark", _sign_in(b"\xef\xbb\xbf" + WHO), INVALID),
    RequestCase("JSON in Latin-1", _sign_in(b'{"username":"\xe9","password":"x"}'), INVALID),
    RequestCase("60 000 brackets", _sign_in(b"[" * 60_000), INVALID),
    RequestCase("a name of a megabyte", _sign_in(b'{"' + b"a" * MIB + b'":1}'), INVALID),
    RequestCase("a name of 60 000 characters",
                _sign_in(b'{"' + b"a" * 60_000 + b'":1}'), INVALID),
    RequestCase("a name twice in a body",
                _sign_in(b'{"username":"a","username":"b","password":"c"}'), INVALID),
    RequestCase("NaN in a body", _sign_in(b'{"username":NaN,"password":Infinity}'), INVALID),
    RequestCase("a password of 4 096 characters", _sign_in(_LONG_PASSWORD), NOBODY),
    RequestCase("a charset in RFC 2231's notation",
                _get("/auth/v1/user", b"Content-Type: text/plain; charset*=base64''%41", _TOKEN),
                "200 application/json"),
    RequestCase("a query in base64",
                _get("/auth/v1/user?include=%ff", b"Content-Type: text/plain; charset=base64",
                     _TOKEN), "200 application/json"),
]  # fmt: skip

HANDSHAKES = [
    RequestCase("a socket where there is a page", _upgrade(path="/login"), "403, no body"),
    RequestCase("a socket in the administration", _upgrade(path="/auth/admin/"), "403, no body"),
    RequestCase("a socket by POST", _upgrade(method=b"POST"), "405, no body"),
    RequestCase("a subprotocol that is no ASCII", _upgrade(b"Sec-WebSocket-Protocol: \xff"),
                "400 text/html"),
    RequestCase("an Origin that is no ASCII", _upgrade(_SUBPROTOCOL, b"Origin: http://\xff"),
                "403, no body"),
    RequestCase("Daphne-Root-Path at a socket", _upgrade(_SUBPROTOCOL, b"Daphne-Root-Path: /x"),
                "101, no body"),
    RequestCase("WebSocket version 99", _get("/face/v1/capture", b"Upgrade: websocket",
                b"Connection: Upgrade", b"Sec-WebSocket-Version: 99", b"Sec-WebSocket-Key: x"),
                NO_BODY),
    RequestCase("two keys", _upgrade(_SUBPROTOCOL, b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="),
                NO_BODY),
    RequestCase("a Host with a port in words", _upgrade(host=b"Host: localhost:abc"), NO_BODY),
]  # fmt: skip

REQUESTS = [*HOSTS, *LINES, *HEADERS, *BODIES, *HANDSHAKES]
