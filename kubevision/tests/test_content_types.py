import pytest
from django.test import RequestFactory

from kubevision.content_types import readable
from kubevision.wsgi import application


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "application/json",
        "application/json; charset=utf-8",
        'text/html; charset="UTF-8"',
        "application/x-www-form-urlencoded;charset=utf8",
        "multipart/form-data; boundary=----x",
    ],
)
def test_what_clients_send_is_left_alone(content_type: str) -> None:
    assert readable(content_type) == content_type


@pytest.mark.parametrize(
    ("content_type", "becomes"),
    [
        ("text/plain; charset=base64", "text/plain; charset=iso-8859-1"),
        ('text/plain; charset="utf-16"; x=y', "text/plain; charset=iso-8859-1; x=y"),
        ("text/plain; CHARSET = idna", "text/plain; charset=iso-8859-1"),
    ],
)
def test_other_charsets_become_one_that_reads_any_bytes(content_type: str, becomes: str) -> None:
    assert readable(content_type) == becomes


@pytest.mark.django_db(databases=["default", "facelogin"])  # a request looks at connections
@pytest.mark.parametrize(
    "charset", ["=base64", "=rot13", "=idna", "=utf-16", "=undefined", "=x", "*=base64''%41"]
)
def test_no_charset_is_a_fault(charset: str) -> None:
    said: list[str] = []
    environ = RequestFactory().get("/auth/.well-known/jwks.json?a=%ff").environ
    environ |= {"CONTENT_TYPE": f"text/plain; charset{charset}", "HTTP_HOST": "localhost"}
    b"".join(application(environ, lambda status, _headers: said.append(status)))
    assert said == ["200 OK"]
