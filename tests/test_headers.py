"""In one process each path keeps the headers and the manner of its own room."""

import pytest
from django.test import Client

from kubevision.tests import headers
from kubevision.tests.walking import every_path

FOR_PROGRAMS = ("/auth/", "/face/")
ADMIN = "/auth/admin/"


@pytest.mark.django_db(databases=["default", "facelogin"])
@pytest.mark.parametrize("path", every_path())
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_each_path_has_its_rooms_headers(method: str, path: str) -> None:
    response = Client(enforce_csrf_checks=True).generic(method, path)
    headers.assert_safe(response)
    is_admin = path.startswith(ADMIN)
    if path.startswith(FOR_PROGRAMS) and not is_admin:
        assert headers.policy(response) == headers.NOTHING
        assert response.status_code < 400 or headers.assert_problem(response)
    else:
        assert headers.policy(response).items() >= headers.STRICT.items()
        assert response.status_code < 400 or b"<h1" in response.content
    is_page = not path.startswith(FOR_PROGRAMS)
    assert headers.is_camera_allowed(response) == is_page
    assert ("ws://" in headers.policy(response).get("connect-src", "")) == is_page


@pytest.mark.parametrize(
    "path",
    [
        "/static/dashboard/css/kubevision.css",
        "/static/dashboard/img/mark.svg",
        "/auth/static/admin/css/base.css",
    ],
)
def test_files_have_them_too(path: str) -> None:
    response = Client().get(path)
    assert response.status_code == 200 and "public" in response.headers["Cache-Control"]
    headers.assert_safe(response)


@pytest.mark.parametrize(
    ("path", "is_page"),
    [("/nothing", True), ("/auth/v1/x", False), ("/face/v1/x", False), ("/auth/admin/x/", True)],
)
def test_a_strangers_host_name_is_refused_in_each_rooms_manner(path: str, is_page: bool) -> None:
    response = Client().get(path, headers={"Host": "evil.example"})
    assert response.status_code == 400
    assert is_page == response.headers["Content-Type"].startswith("text/html")
