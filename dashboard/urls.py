"""The dashboard's pages; their paths are fixed by the contract."""

from django.urls import URLPattern, path

from dashboard.views import face, home, sign_in

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("favicon.ico", home.favicon, name="favicon"),
    path("register", sign_in.register, name="register"),
    path("login", sign_in.login, name="login"),
    path("login/other", sign_in.other_factor, name="other-factor"),
    path("facelogin", face.facelogin, name="facelogin"),
    path("facelogin/ticket", face.facelogin_ticket, name="facelogin-ticket"),
    path("confirm", sign_in.confirm, name="confirm"),
    path("train", face.train, name="train"),
    path("train/ticket", face.train_ticket, name="train-ticket"),
    path("train/light", face.add_light, name="add-light"),
    path("train/light/ticket", face.add_light_ticket, name="add-light-ticket"),
    path("profile", home.profile, name="profile"),
    path("profile/recovery-codes", home.renew_codes, name="renew-codes"),
    path("profile/lights/remove", home.remove_light, name="remove-light"),
    path("logout", sign_in.logout, name="logout"),
]
