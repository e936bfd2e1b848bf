"""Engines turn a face into a template and compare templates; one module each."""

from typing import ClassVar, Protocol

from facelogin.recognition.engines.lbph import LbphEngine
from facelogin.recognition.types import Grey, Reference, Template

__all__ = ["ENGINES", "Engine"]


class Engine(Protocol):
    """What an engine can do. Scores are dissimilarities: smaller is more alike."""

    name: ClassVar[str]

    def template(self, face: Grey) -> Template:
        """Compute the template of a face cut out of its frame."""

    def dissimilarity(self, probe: Template, reference: Reference) -> float:
        """Compare a probe with a person's reference."""


ENGINES: dict[str, type[Engine]] = {LbphEngine.name: LbphEngine}
