"""Finds what a change of the contract breaks for clients and services built before it.

Adding is not breaking; removing and changing are, unless they come under a higher version in the
path. Development only.
"""

from kubevision.contracts.comparison.documents import Contract
from kubevision.contracts.comparison.rules import breaks

__all__ = ["Contract", "breaks"]
