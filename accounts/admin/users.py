"""Users: who may sign in, which factors they have, and what administrators do about it."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from accounts import events, selectors, usernames
from accounts.admin.actions import ACTIONS
from accounts.admin.invitations import code_page
from accounts.admin.rights import may_act
from accounts.events import Kind
from accounts.models import RecoveryCode, User
from accounts.services import invitations
from kubevision.password_field import PasswordField


class AddUserForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """A new user with a first password."""

    password = PasswordField(autocomplete="new-password", label=_("first password"))

    class Meta:
        model = User
        fields = ("username", "display_name", "email")

    def clean_username(self) -> str:
        """Refuse a name that differs from a taken one only in spelling."""
        username = usernames.normalise(self.cleaned_data["username"])
        if User.objects.filter(username_key=usernames.key(username)).exists():
            raise forms.ValidationError(_("This user name is taken."))
        return username

    def clean_password(self) -> str:
        """Apply the rules that registration applies."""
        password: str = self.cleaned_data["password"]
        validate_password(password)
        return password

    def save(self, commit: bool = True) -> User:
        """Hash the password."""
        user: User = super().save(commit=False)
        user.set_password(self.cleaned_data["password"])
        if commit:
            user.save()
        return user


RECENT = 10  # events on a user's page; the rest have a list of their own


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # likewise
    """Who may sign in, who is staff, and which factors they have."""

    list_display = (
        "username",
        "display_name",
        "is_active",
        "is_staff",
        "factors",
        "last_login",
        "created_at",
    )
    list_filter = ("is_active", "is_staff", "is_superuser")
    list_per_page = 50
    list_select_related = ()  # see get_queryset
    show_full_result_count = False
    search_fields = ("username_key__startswith", "display_name", "email")
    search_help_text = _("beginning of the user name, or a part of name or email address")
    readonly_fields = (
        *("created_at", "last_login", "is_active", "about_face", "about_app", "codes_left"),
        *("sessions", "recent_events"),
    )
    fieldsets = (
        (None, {"fields": ("username", "display_name", "email", "created_at", "last_login")}),
        (_("Factors"), {"fields": ("is_active", "about_face", "about_app", "codes_left")}),
        (_("Rights"), {"fields": ("is_staff", "is_superuser")}),
        (_("Signed in"), {"fields": ("sessions",)}),
        (_("What happened lately"), {"fields": ("recent_events",)}),
    )
    add_fieldsets: ClassVar = (
        (None, {"fields": ("username", "display_name", "email", "password")}),
    )
    change_form_template = "accounts/admin_user.html"
    actions = ("unlock", "end_sessions", "lock_down", "require_reenrolment")

    # -- who may do what ------------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show the short form for a new user."""
        return super().get_fieldsets(request, obj) if obj else self.add_fieldsets

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> Any:
        """Use the form with a password for a new user."""
        if obj is None:
            kwargs["form"] = AddUserForm
        return super().get_form(request, obj, change, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Keep rights out of reach of those without all of them, and one's own out of one's own."""
        fields = super().get_readonly_fields(request, obj)
        is_own = obj is not None and obj.pk == request.user.pk
        if is_own or not request.user.is_superuser:
            fields = (*fields, "is_staff", "is_superuser")
        return fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let only superusers change superusers."""
        if obj is not None and not may_act(request, obj):
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: deleting here would leave the face behind in facelogin. Lock down instead."""
        return False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer what changes people to those who may change them."""
        actions = super().get_actions(request)
        return actions if super().has_change_permission(request) else {}

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Write down what an administrator changed."""
        super().save_model(request, obj, form, change)
        by: Any = request.user
        rights = [name for name in ("is_staff", "is_superuser") if name in form.changed_data]
        profile = [name for name in ("display_name", "email") if name in form.changed_data]
        if not change:
            events.record(Kind.REGISTERED, obj, actor=by)
            return
        if rights:
            events.record(Kind.RIGHTS_CHANGED, obj, actor=by, fields=rights)
        if profile:
            old = form.initial.get("email") if "email" in profile else None
            events.record(Kind.PROFILE_CHANGED, obj, actor=by, mail_to=old, fields=profile)

    # -- the list -------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> "QuerySet[User]":
        """Fetch what the list shows of factors with one query a kind for the page.

        Joined to the list, they would be looked up for everybody before MongoDB sorts.
        """
        unused = RecoveryCode.objects.filter(used_at=None).only("user_id")
        return (
            super()
            .get_queryset(request)
            .prefetch_related(
                "face", "totp", Prefetch("recovery_codes", unused, to_attr="unused_codes")
            )
        )

    @admin.display(description=_("factors"))
    def factors(self, user: User) -> str:
        """Name the second factors."""
        found = [str(_("face"))] if hasattr(user, "face") else []
        if hasattr(user, "totp") and user.totp.enrolled_at is not None:
            found.append(str(_("app")))
        if codes := len(getattr(user, "unused_codes", [])):
            found.append(str(_("%(count)d codes") % {"count": codes}))
        return ", ".join(found) or str(_("password only"))

    def _do_to_all(self, request: HttpRequest, chosen: "QuerySet[User]", name: str) -> None:
        action, done, left = ACTIONS[name], 0, 0
        for user in chosen:
            is_own = user.pk == request.user.pk and not action.on_oneself
            if is_own or not may_act(request, user):
                left += 1
            elif action.fits(user):
                action.do(request.user, user)  # type: ignore[arg-type]
                self.log_change(request, user, str(action.label))
                done += 1
        self.message_user(request, _("Done for %(count)d.") % {"count": done})
        if left:
            sentence = _("Not for %(count)d: oneself, or superusers.") % {"count": left}
            self.message_user(request, sentence, messages.WARNING)

    @admin.action(description=_("Unlock"))
    def unlock(self, request: HttpRequest, chosen: "QuerySet[User]") -> None:
        """Forget wrong tries."""
        self._do_to_all(request, chosen, "unlock")

    @admin.action(description=_("End all sessions"))
    def end_sessions(self, request: HttpRequest, chosen: "QuerySet[User]") -> None:
        """Sign people out."""
        self._do_to_all(request, chosen, "end_sessions")

    @admin.action(description=_("Lock down"))
    def lock_down(self, request: HttpRequest, chosen: "QuerySet[User]") -> None:
        """Close accounts."""
        self._do_to_all(request, chosen, "lock_down")

    @admin.action(description=_("Require a new enrolment of the face"))
    def require_reenrolment(self, request: HttpRequest, chosen: "QuerySet[User]") -> None:
        """Let faces count no more until they are enrolled again."""
        self._do_to_all(request, chosen, "require_reenrolment")

    # -- the page of one ------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """Add an address for each thing that is done to a user."""
        wrap = self.admin_site.admin_view
        return [
            path("<path:object_id>/do/<slug:name>/", wrap(self._do), name="accounts_user_do"),
            path("<path:object_id>/code/", wrap(self._make_code), name="accounts_user_code"),
            *super().get_urls(),
        ]

    def render_change_form(  # type: ignore[override]  # the stubs ask for positions
        self, request: HttpRequest, context: Any, **kwargs: Any
    ) -> HttpResponse:
        """Add the buttons that make sense for this user."""
        obj: User | None = kwargs.get("obj")
        if obj is not None and may_act(request, obj):
            context["buttons"] = [
                {"name": name, "action": action}
                for name, action in ACTIONS.items()
                if action.fits(obj) and (action.on_oneself or obj.pk != request.user.pk)
            ]
        return super().render_change_form(request, context, **kwargs)

    def _user(self, request: HttpRequest, object_id: str) -> User:
        user: User | None = self.get_object(request, object_id)
        if user is None or not may_act(request, user):
            raise PermissionDenied
        return user

    def _do(self, request: HttpRequest, object_id: str, name: str) -> HttpResponse:
        """Ask first where that is due, then do it."""
        user = self._user(request, object_id)
        action = ACTIONS.get(name)
        if action is None or (user.pk == request.user.pk and not action.on_oneself):
            raise PermissionDenied(_("This cannot be done to this account."))
        page = reverse("admin:accounts_user_change", args=[user.pk])
        if request.method != "POST":
            context = {
                **self.admin_site.each_context(request),
                "title": action.label,
                "action": action,
                "user_page": page,
                "person": user,
                "opts": self.opts,
            }
            return TemplateResponse(request, "accounts/admin_confirm.html", context)
        if action.fits(user):
            action.do(request.user, user)  # type: ignore[arg-type]
            self.log_change(request, user, str(action.label))
            self.message_user(request, _("Done: %(what)s.") % {"what": action.label})
        else:
            self.message_user(request, _("There was nothing to do."), messages.WARNING)
        return HttpResponseRedirect(page)

    def _make_code(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Make a code for a new password, and show it once."""
        user = self._user(request, object_id)
        if request.method != "POST":
            return HttpResponseRedirect(reverse("admin:accounts_user_change", args=[user.pk]))
        code = invitations.make_reset_code(request.user, user)  # type: ignore[arg-type]
        self.log_change(request, user, str(_("Code for a new password")))
        return code_page(self.admin_site, request, code, whom=user.username, mailed_to=user.email)

    # -- what the page says ---------------------------------------------------------------------

    @admin.display(description=_("face"))
    def about_face(self, user: User) -> str:
        """Say since when a face counts, and until when."""
        factor = selectors.face_of(user)
        if factor is None:
            return str(_("not enrolled"))
        text = _("since %(date)s, until %(end)s, engine %(engine)s, %(lights)d added lights") % {
            "date": f"{factor.enrolled_at:%Y-%m-%d}",
            "end": f"{factor.expires_at:%Y-%m-%d %H:%M}",
            "engine": factor.engine,
            "lights": len(selectors.extensions_of(user)),
        }
        return str(text)

    @admin.display(description=_("authenticator app"))
    def about_app(self, user: User) -> str:
        """Say since when an app counts."""
        factor = selectors.totp_of(user)
        if factor is None or factor.enrolled_at is None:
            return str(_("none"))
        return str(_("since %(date)s") % {"date": f"{factor.enrolled_at:%Y-%m-%d}"})

    @admin.display(description=_("recovery codes left"))
    def codes_left(self, user: User) -> int:
        """Count unused recovery codes."""
        return selectors.remaining_recovery_codes(user)

    @admin.display(description=_("sessions"))
    def sessions(self, user: User) -> SafeString | str:
        """List where the person is signed in."""
        live = selectors.live_sessions_of(user)
        rows = [
            (
                session.user_agent or _("unknown device"),
                session.address or "",
                f"{session.created_at:%Y-%m-%d %H:%M}",
                f"{session.seen_at:%Y-%m-%d %H:%M}",
                " + ".join(name for name in selectors.methods(session) if name != "mfa"),
            )
            for session in live
        ]
        heads = (_("device"), _("address"), _("since"), _("last used"), _("factors"))
        return _table(heads, rows) if rows else str(_("nowhere"))

    @admin.display(description=_("events"))
    def recent_events(self, user: User) -> SafeString | str:
        """List the latest events; all of them are a click away."""
        found = selectors.events_of(user).events[:RECENT]
        rows = [
            (
                f"{event.at:%Y-%m-%d %H:%M:%S}",
                Kind(event.kind).label if event.kind in Kind.values else event.kind,
                event.actor or "",
                event.address or "",
            )
            for event in found
        ]
        everything = reverse("admin:accounts_event_changelist")
        link = format_html(
            '<a href="{}?q={}">{}</a>', everything, user.username_key, _("all events")
        )
        heads = (_("when"), _("what"), _("by"), _("address"))
        return format_html("{}{}", _table(heads, rows), link)


def _table(heads: Iterable[object], rows: Iterable[Iterable[object]]) -> SafeString:
    return format_html(
        "<table><thead><tr>{}</tr></thead><tbody>{}</tbody></table>",
        format_html_join("", "<th>{}</th>", ((head,) for head in heads)),
        format_html_join(
            "",
            "<tr>{}</tr>",
            ((format_html_join("", "<td>{}</td>", ((cell,) for cell in row)),) for row in rows),
        ),
    )
