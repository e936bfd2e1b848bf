"""What happened, to everybody: to read and filter."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts import usernames
from accounts.admin.reading import ReadOnlyAdmin
from accounts.events import Kind
from accounts.models import Event, User


class KindFilter(admin.SimpleListFilter):
    """Filters by what happened, in words."""

    title = _("what happened")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: object) -> list[tuple[str, str]]:
        """Return every kind with its words."""
        return [(str(value), str(label)) for value, label in Kind.choices]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Event]") -> "QuerySet[Event]":
        """Keep one kind."""
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    """Sign-ins, refusals, changed factors, what administrators did."""

    list_display = ("at", "what", "user", "actor", "address", "more", "request_id")
    list_filter = (KindFilter, "by_administrator", "at")
    beside = {"user": (), "actor": ()}
    search_fields = ("user", "request_id")  # see get_search_results
    search_help_text = _("a whole user name, or the reference of a request")
    ordering = ("-at", "-id")
    fields = ("at", "what", "user", "actor", "address", "request_id", "more")

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Event]", search_term: str
    ) -> "tuple[QuerySet[Event], bool]":
        """Find a person's events by their name, or those of one request.

        By the whole name: looking for a part of it in a million rows takes seconds.
        """
        term = search_term.strip()
        if not term:
            return queryset, False
        user = User.objects.filter(username_key=usernames.key(term)).first()
        return queryset.filter(user=user) if user else queryset.filter(request_id=term), False

    @admin.display(description=_("what happened"), ordering="kind")
    def what(self, event: Event) -> str:
        """Return the kind in words."""
        return str(Kind(event.kind).label) if event.kind in Kind.values else event.kind

    @admin.display(description=_("details"))
    def more(self, event: Event) -> str:
        """Return the details, spelled out."""
        return "; ".join(
            f"{name}: {', '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in event.details.items()
        )
