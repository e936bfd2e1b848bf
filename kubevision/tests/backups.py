"""Making and restoring backups by the commands, for the tests of both rooms."""

from io import StringIO
from pathlib import Path

from django.apps import apps
from django.core.management import call_command
from django.db import router

from kubevision.backups.plan import Plan, model_of


def made_in(folder: Path) -> Path:
    """Make a backup; return the file."""
    before = set(folder.glob("*.backup"))
    call_command("backup", folder, stdout=StringIO())
    (made,) = set(folder.glob("*.backup")) - before
    return made


def restored(backup: Path, *options: object) -> str:
    """Restore it; return what the command says."""
    said = StringIO()
    call_command("restore", backup, *map(str, options), stdout=said)
    return said.getvalue()


def every_table_is_planned(plan: Plan, alias: str = "default") -> None:
    """Ask for each table of a room once: a new one must be given its place."""
    planned = [*plan.kept, *plan.ended, *plan.staying, *plan.made_by_migrate]
    assert len(planned) == len(set(planned))
    tables = {
        model
        for model in apps.get_models(include_auto_created=True)
        if router.allow_migrate_model(alias, model)
    }
    assert {model_of(name) for name in planned} == tables
