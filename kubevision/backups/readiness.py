"""Whether a room's databases are as they must be, and a restore came to its end."""

from kubevision import databases, readiness
from kubevision.backups.plan import plans
from kubevision.readiness import NotReady


def check_databases() -> None:
    """Refuse to be ready without a database, and with half of a backup.

    One check, so that a database that does not answer is waited for once.
    """
    readiness.check_databases()
    for alias, plan in plans():
        restores = plan.restore._default_manager.using(alias)
        try:
            begun = restores.filter(finished_at=None).order_by("-begun_at").first()
        except databases.errors() as error:
            raise NotReady(readiness.cannot_be_read(error)) from error
        if begun is not None:
            raise NotReady(f"the restore of {begun.source} did not come to its end; run it again")
