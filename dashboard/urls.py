"""The dashboard's pages; their paths are fixed by the contract."""

from django.urls import URLPattern, path

from dashboard.views import (
    face,
    history,
    home,
    invitation,
    live,
    profile,
    recovery_codes,
    second_factor,
    sign_in,
    totp,
)

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("register", sign_in.register, name="register"),
    path("invite", invitation.invite, name="invite"),
    path("login", sign_in.login, name="login"),
    path("login/other", second_factor.other_factor, name="other-factor"),
    path("facelogin", face.facelogin, name="facelogin"),
    path("facelogin/ticket", face.facelogin_ticket, name="facelogin-ticket"),
    path("confirm", sign_in.confirm, name="confirm"),
    path("train", face.train, name="train"),
    path("train/ticket", face.train_ticket, name="train-ticket"),
    path("train/light", face.add_light, name="add-light"),
    path("train/light/ticket", face.add_light_ticket, name="add-light-ticket"),
    path("profile", profile.profile, name="profile"),
    path("profile/edit", profile.edit_profile, name="edit-profile"),
    path("profile/password", profile.change_password, name="change-password"),
    path("profile/face/remove", profile.remove_face, name="remove-face"),
    path("profile/lights/remove", profile.remove_light, name="remove-light"),
    path("profile/totp", totp.totp, name="totp"),
    path("profile/totp/remove", totp.remove_totp, name="remove-totp"),
    path("profile/recovery-codes", recovery_codes.renew_codes, name="renew-codes"),
    path("profile/recovery-codes/file", recovery_codes.codes_file, name="codes-file"),
    path("profile/sessions", history.sessions, name="sessions"),
    path("profile/sessions/end", history.end_session, name="end-session"),
    path("profile/sessions/end-others", history.end_other_sessions, name="end-other-sessions"),
    path("profile/events", history.events, name="events"),
    path("live/ticket", live.live_ticket, name="live-ticket"),
    path("logout", sign_in.logout, name="logout"),
]
