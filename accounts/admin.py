"""Users in Django admin. Factors are shown, never their secrets; faces are not here at all."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import selectors, usernames
from accounts.models import User
from kubevision.password_field import PasswordField

admin.site.unregister(Group)


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


@admin.register(User)
class UserAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # likewise
    """Who may sign in, who is staff, and which factors they have."""

    list_display = ("username", "display_name", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username_key", "display_name", "email")
    readonly_fields = ("created_at", "face", "recovery_codes")
    fieldsets = (
        (None, {"fields": ("username", "display_name", "email", "created_at")}),
        (_("Sign-in"), {"fields": ("is_active", "face", "recovery_codes")}),
        (_("Rights"), {"fields": ("is_staff", "is_superuser")}),
    )
    add_fieldsets: ClassVar = (
        (None, {"fields": ("username", "display_name", "email", "password")}),
    )

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
        """Keep rights out of reach of those who do not have all of them themselves."""
        fields = super().get_readonly_fields(request, obj)
        if not request.user.is_superuser:
            fields = (*fields, "is_staff", "is_superuser")
        return fields if obj else ()

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Let only superusers change superusers."""
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: deleting here would leave the face behind in facelogin. Deactivate instead."""
        return False

    @admin.display(description=_("face"))
    def face(self, user: User) -> str:
        """Say since when a face counts."""
        factor = selectors.face_of(user)
        if factor is None:
            return str(_("not enrolled"))
        return str(
            _("since %(date)s, engine %(engine)s")
            % {"date": f"{factor.enrolled_at:%Y-%m-%d}", "engine": factor.engine}
        )

    @admin.display(description=_("recovery codes left"))
    def recovery_codes(self, user: User) -> int:
        """Count unused recovery codes."""
        return selectors.remaining_recovery_codes(user)
