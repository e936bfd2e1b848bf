"""Part `enrolled_mongodb`: what `enrolled` measures, on a real MongoDB.

The server runs on the same cores and is not counted: what the product does is compared.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from bench import enrolled
from bench.options import Options
from bench.report import Report
from tests.mongod import running_mongod


def run(options: Options) -> Report:
    """Measure and report."""
    with (
        TemporaryDirectory(prefix="kubevision-mongod-") as folder,
        running_mongod(Path(folder)) as mongod,
    ):
        return enrolled.measure("enrolled_mongodb", options, mongod)
