"""The real product on cores of its own, with people enrolled through its own doors."""

import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.processes import off_cores, on_cores
from bench.visitor import Visitor
from tests.product import Product, running_product

CORES = 2  # quality.md measures speed on two
WORKERS = 2  # what `running_product` starts


@contextmanager
def product_apart() -> Iterator[Product]:
    """Run the product on its cores and the block on the others, where the machine has enough."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="kubevision-bench-"))
        with on_cores(CORES):
            product = stack.enter_context(running_product(Path(folder)))
        stack.enter_context(off_cores(CORES))
        yield product


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
