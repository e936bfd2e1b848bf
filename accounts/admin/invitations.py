"""Codes that were given out: to read, to make, to withdraw."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _

from accounts import mails
from accounts.admin.reading import ReadOnlyAdmin
from accounts.models import EMAIL_CHARACTERS, Invitation, User
from accounts.refusals import Refused
from accounts.services import invitations
from accounts.usernames import MAX_CHARACTERS


class InviteForm(forms.Form):
    """Whom to invite; all of it may be left to the person."""

    username = forms.CharField(
        label=_("user name"),
        max_length=MAX_CHARACTERS,
        required=False,
        help_text=_("The only name the code is good for; empty: the person chooses."),
    )
    email = forms.EmailField(
        label=_("email address"),
        max_length=EMAIL_CHARACTERS,
        required=False,
        help_text=_("The code is mailed there, if a mail server is set."),
    )


def code_page(
    admin_site: admin.AdminSite, request: HttpRequest, code: str, *, whom: str, mailed_to: str
) -> HttpResponse:
    """Show a code, now and never again."""
    context = {
        **admin_site.each_context(request),
        "title": _("A code was made"),
        "code": code,
        "whom": whom,
        "mailed_to": mailed_to if mails.is_possible() else "",
    }
    response = TemplateResponse(request, "accounts/admin_code.html", context)
    response.headers["Cache-Control"] = "no-store"
    return response


@admin.register(Invitation)
class InvitationAdmin(ReadOnlyAdmin):
    """Who was invited, by whom, and whether they came."""

    list_display = ("__str__", "email", "created_by", "created_at", "expires_at", "used_at")
    list_filter = ("created_at", ("used_at", admin.EmptyFieldListFilter))
    beside = {"user": (), "created_by": ()}
    search_fields = ("username", "email", "user__username_key")
    ordering = ("-created_at", "-id")
    fields = ("user", "username", "email", "created_by", "created_at", "expires_at", "used_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let those invite who may make users."""
        return bool(request.user.has_perm("accounts.add_user"))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let those withdraw a code who may make one, until it was used."""
        return self.has_add_permission(request) and (obj is None or obj.used_at is None)

    def delete_model(self, request: HttpRequest, obj: Invitation) -> None:
        """Withdraw one code."""
        invitations.withdraw(Invitation.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: "QuerySet[Invitation]") -> None:
        """Withdraw many."""
        invitations.withdraw(queryset)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Make a code and show it."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = InviteForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            try:
                assert isinstance(request.user, User)  # the admin is open to no one else
                code = invitations.invite(request.user, **data)
            except Refused as refused:
                taken = {"username": [_("This user name is taken.")]}
                for name, sentences in (refused.errors or taken).items():
                    form.add_error(name, [str(sentence) for sentence in sentences])
            else:
                return code_page(
                    self.admin_site,
                    request,
                    code,
                    whom=data["username"] or data["email"] or str(_("a new person")),
                    mailed_to=data["email"],
                )
        context = {
            **self.admin_site.each_context(request),
            "title": _("Invite somebody"),
            "form": form,
            "opts": self.model._meta,
        }
        return TemplateResponse(request, "accounts/admin_invite.html", context)
