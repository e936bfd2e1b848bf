"""Where people are signed in: to read, and to end."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import lives, selectors, usernames
from accounts.admin.reading import ReadOnlyAdmin
from accounts.admin.rights import may_act
from accounts.models import Session, User
from accounts.services import administration


@admin.register(Session)
class SessionAdmin(ReadOnlyAdmin):
    """Live sessions; those that have ended are in the events."""

    list_display = ("user", "user_agent", "address", "created_at", "seen_at", "methods", "state")
    list_filter = ("created_at",)
    beside = {"user": ("face", "totp")}
    search_fields = ("user", "address")  # see get_search_results
    search_help_text = _("a whole user name, or an address")
    ordering = ("-seen_at", "-id")
    fields = list_display
    actions = ("end",)

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Session]":
        """Leave out what has run out and waits to be removed."""
        now = timezone.now()
        return (
            super()
            .get_queryset(request)
            .filter(seen_at__gt=now - selectors.IDLE_LIFE, created_at__gt=now - lives.SESSION)
        )

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Session]", search_term: str
    ) -> "tuple[QuerySet[Session], bool]":
        """Find a person's sessions by their name, or those of one address."""
        term = search_term.strip()
        if not term:
            return queryset, False
        user = User.objects.filter(username_key=usernames.key(term)).first()
        return queryset.filter(user=user) if user else queryset.filter(address=term), False

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer ending to those who may change users."""
        actions = super().get_actions(request)
        return actions if request.user.has_perm("accounts.change_user") else {}

    @admin.display(description=_("factors"))
    def methods(self, session: Session) -> str:
        """Return what was shown."""
        return " + ".join(name for name in selectors.methods(session) if name != "mfa")

    @admin.display(description=_("waits for a second factor"), boolean=True)
    def state(self, session: Session) -> bool:
        """Say whether the password alone was shown and more is due."""
        has_second = hasattr(session.user, "face") or (
            hasattr(session.user, "totp") and session.user.totp.enrolled_at is not None
        )
        return has_second and selectors.second_proof_at(session) is None

    @admin.action(description=_("End these sessions"))
    def end(self, request: HttpRequest, chosen: "QuerySet[Session]") -> None:
        """End sessions of people whom one may act on."""
        mine = [each for each in chosen.select_related("user") if may_act(request, each.user)]
        for session in mine:
            administration.end_session(request.user, session)  # type: ignore[arg-type]
        left = chosen.count()
        self.message_user(request, _("%(count)d ended.") % {"count": len(mine)})
        if left:
            self.message_user(
                request,
                _("%(count)d are of people whom only superusers may change.") % {"count": left},
                messages.WARNING,
            )
