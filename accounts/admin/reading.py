"""What the lists have in common: nothing is added, changed or removed in them."""

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import prefetch_related_objects
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


class PageOfRows(ChangeList):
    """Fetches who stands beside the rows of one page, one query for each column.

    Not by joins: MongoDB would look everybody up before it sorts. Not by prefetch_related: as
    Django 5.2 asks, MongoDB's backend finds no index for it.
    """

    def get_results(self, request: HttpRequest) -> None:
        """Fetch the page, then what is beside it."""
        super().get_results(request)
        rows = self.result_list = list(self.result_list)
        for column, more in getattr(self.model_admin, "beside", {}).items():
            field: Any = self.model._meta.get_field(column)
            ids = {getattr(row, field.attname) for row in rows} - {None}
            found = field.related_model._default_manager.in_bulk(list(ids))
            prefetch_related_objects(list(found.values()), *more)
            for row in rows:
                field.set_cached_value(row, found.get(getattr(row, field.attname)))


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # likewise
    """A list to look at."""

    actions: Any = None
    list_per_page = 50
    show_full_result_count = False
    paginator = QuickPaginator
    list_select_related = ()
    # Column that names somebody -> what of theirs is shown too.
    beside: ClassVar[dict[str, tuple[str, ...]]] = {}

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Show the page with who stands beside it."""
        return PageOfRows

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: rows come from what happens."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what happened stays as it was."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: see above."""
        return False
