"""What every engine can do, and what is known of one before it is loaded."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from facelogin.recognition.frame import Frame
from facelogin.recognition.types import Face, Template


class Engine(Protocol):
    """What an engine can do. Distances are dissimilarities: smaller is more alike."""

    @property
    def name(self) -> str:
        """Return the name that references and tables know it by."""

    def template(self, frame: Frame, face: Face) -> Template:
        """Compute the template of a face in its frame."""

    def dissimilarities(
        self, probe: Template, templates: npt.NDArray[np.generic]
    ) -> npt.NDArray[np.float32]:
        """Compare a probe with (samples, ...) templates; return (samples,) float32.

        0 for equal templates, symmetric, bounded.

        Raises
        ------
        ValueError
            If the shapes do not fit.
        """


@dataclass(frozen=True)
class PackageFile:
    """A file that a Python package brings: where in its folder, and its SHA-256 in hexadecimal.

    An engine's table was measured with these very numbers; with others it would say nothing.
    """

    package: str
    path: str
    digest: str


@dataclass(frozen=True)
class EngineKind:
    """An engine before it is loaded. Nothing but `make` imports what it needs.

    Attributes
    ----------
    make : callable
        Returns the engine; raises EngineUnavailable. Its keyword arguments are those of `files` (a
        path each), of `settings` (a word each) and, with a `model_setting`, `model` (bytes).
    packages : tuple of str
        Python packages that must be installed.
    requirements : str
        The file of this project that installs them.
    files : mapping of str to PackageFile
    settings : mapping of str to str
        Keyword argument to the setting that it is taken from.
    model_setting : str
        Setting with the path of the operator's own model. A short digest of that file is part of
        the engine's name: templates and tables of another model are another engine's.
    """

    make: Callable[..., Engine]
    packages: tuple[str, ...] = ()
    requirements: str = ""
    files: Mapping[str, PackageFile] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    model_setting: str = ""

    def __call__(self, **arguments: Any) -> Engine:
        """Load the engine."""
        return self.make(**arguments)

    @property
    def is_always_here(self) -> bool:
        """Say whether it needs nothing that an operator would have to install."""
        return not (self.packages or self.model_setting)
