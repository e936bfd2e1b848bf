"""The real product on cores of its own, with people enrolled through its own doors."""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.processes import can_keep_apart, off_cores, on_cores
from bench.visitor import Visitor
from tests.mongod import Mongod
from tests.product import UNCHECKED, Product, running_product
from tests.run import ROOT, environment

CORES = 2  # quality.md measures speed on two
WORKERS = 2  # what `running_product` starts


@contextmanager
def products_apart(number: int, mongod: Mongod | None = None) -> Iterator[list[Product]]:
    """Run so many products on the same cores and the block on the others, if there are enough.

    With a server each has two databases on it, else two SQLite files.
    """
    with ExitStack() as stack:
        folders = [
            stack.enter_context(tempfile.TemporaryDirectory(prefix="kubevision-bench-"))
            for _ in range(number)
        ]
        with on_cores(CORES):
            products = [
                stack.enter_context(
                    running_product(Path(folder), **UNCHECKED, **_databases(mongod, number))
                )
                for number, folder in enumerate(folders)
            ]
        stack.enter_context(off_cores(CORES))
        yield products


def _databases(mongod: Mongod | None, number: int) -> dict[str, str]:
    if mongod is None:
        return {}
    return {
        f"{room.upper()}_DATABASE_URL": mongod.url(f"{room}{number}")
        for room in ("accounts", "facelogin")
    }


@contextmanager
def product_apart() -> Iterator[Product]:
    """Run one product so."""
    with products_apart(1) as (product,):
        yield product


def rows(product: Product, *arguments: str) -> str:
    """Change the product's databases past its doors (see bench.rows); return what it says."""
    settings = {
        "DATA_DIR": str(product.folder),
        "PUBLIC_ORIGINS": product.origin,
        **product.settings,
        "DJANGO_SETTINGS_MODULE": "kubevision.settings.local",
    }
    command = [sys.executable, "-m", "bench.rows", *arguments]
    return subprocess.run(
        command,
        check=True,
        cwd=ROOT,
        env=environment(**settings),
        text=True,
        stdout=subprocess.PIPE,
    ).stdout


def cores_used() -> int | None:
    """Return how many cores the product has, for the settings of a report."""
    return CORES if can_keep_apart(CORES) else os.cpu_count()


async def enrol_people(
    product: Product, names: Sequence[str], pictures: Sequence[list[bytes]]
) -> list[Visitor]:
    """Register and enrol so many people; the drawn looks are shared out among them.

    One at a time: this is not measured, and the product may be small.
    """
    visitors = []
    for number, name in enumerate(names):
        visitor = Visitor(product.origin, name, pictures[number % len(pictures)])
        await visitor.register()
        await visitor.enrol()
        visitors.append(visitor)
    return visitors


async def close(visitors: Sequence[Visitor]) -> None:
    """Give all connections back."""
    await asyncio.gather(*(visitor.close() for visitor in visitors))
