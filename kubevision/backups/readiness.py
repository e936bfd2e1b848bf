"""Whether a restore came to its end."""

from django.db import connections

from kubevision import databases
from kubevision.backups.plan import plans
from kubevision.readiness import NotReady


def check_restores() -> None:
    """Refuse to be ready with half of a backup."""
    for alias, plan in plans():
        if databases.missing_file(connections[alias]):  # for check_databases to say
            continue
        restores = plan.restore._default_manager.using(alias)
        try:
            begun = restores.filter(finished_at=None).order_by("-begun_at").first()
        except databases.errors():  # likewise
            continue
        if begun is not None:
            raise NotReady(f"the restore of {begun.source} did not come to its end; run it again")
