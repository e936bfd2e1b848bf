"""Paths of the REST API, below /auth/."""

from django.urls import URLPattern, path

from accounts.api import views
from accounts.api.views import endpoint

urlpatterns: list[URLPattern] = [
    path(".well-known/jwks.json", endpoint(GET=views.publish_keys)),
    path("v1/users", endpoint(POST=views.register)),
    path("v1/invitations/accept", endpoint(POST=views.accept_invitation)),
    path("v1/sessions", endpoint(POST=views.sign_in)),
    path("v1/session", endpoint(GET=views.read_session, DELETE=views.end_session)),
    path("v1/session/reauthentication", endpoint(POST=views.reauthenticate)),
    path("v1/session/face-ticket", endpoint(POST=views.issue_face_ticket)),
    path("v1/session/factors/face", endpoint(POST=views.show_face)),
    path("v1/session/factors/totp", endpoint(POST=views.show_totp)),
    path("v1/session/factors/recovery-code", endpoint(POST=views.show_recovery_code)),
    path("v1/user", endpoint(GET=views.read_user, PATCH=views.change_profile)),
    path("v1/user/password", endpoint(PUT=views.change_password)),
    path(
        "v1/user/sessions",
        endpoint(GET=views.list_sessions, DELETE=views.end_other_sessions),
    ),
    path("v1/user/sessions/<uuid:id>", endpoint(DELETE=views.end_one_session)),
    path("v1/user/events", endpoint(GET=views.list_events)),
    path(
        "v1/user/factors/face",
        endpoint(PUT=views.activate_face, DELETE=views.remove_face),
    ),
    path("v1/user/factors/face/extensions/<slug:id>", endpoint(DELETE=views.remove_extension)),
    path(
        "v1/user/factors/totp",
        endpoint(POST=views.begin_totp, PUT=views.confirm_totp, DELETE=views.remove_totp),
    ),
    path("v1/user/factors/recovery-codes", endpoint(POST=views.renew_recovery_codes)),
    path("v1/attempt-reports", endpoint(POST=views.take_report)),
    path("v1/openapi.json", endpoint(GET=views.read_contract)),
]
