"""What the lists have in common: nothing is added, changed or removed in them."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.functional import cached_property


class QuickPaginator(Paginator):  # type: ignore[type-arg]  # not subscriptable at run time
    """Counts no further than people turn pages.

    Counting a million events takes longer than showing the first hundred.
    """

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        """Return how many rows there are, or the most that is counted."""
        found: Any = self.object_list
        counted: int = found[: self.MOST].count()
        return counted


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # likewise
    """A list to look at."""

    actions: Any = None
    list_per_page = 50
    show_full_result_count = False
    paginator = QuickPaginator

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows come from what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what happened stays as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: see above."""
        return False
