"""The values recognition works with, named as ISO/IEC 2382-37 names them."""

import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from facelogin.recognition.heading import Heading

Grey = npt.NDArray[np.uint8]
"""(height, width) uint8, 0 black to 255 white."""

Colour = npt.NDArray[np.uint8]
"""(height, width, 3) uint8, blue, green, red as OpenCV has them."""

Template = npt.NDArray[Any]
"""What an engine makes of a face; shape and numbers are the engine's own."""

Fingerprint = npt.NDArray[np.uint8]
"""(48, 64) uint8: a whole frame, reduced; tells frames of one attempt apart, not people."""


class Reason(StrEnum):
    """Why a frame is no sample (contract section 3)."""

    NO_FACE = "no_face"
    SEVERAL_FACES = "several_faces"
    TOO_SMALL = "too_small"
    TOO_LARGE = "too_large"
    OFF_CENTRE = "off_centre"
    TOO_DARK = "too_dark"
    TOO_BRIGHT = "too_bright"
    UNEVEN_LIGHT = "uneven_light"
    BLURRED = "blurred"
    NOT_FRONTAL = "not_frontal"
    REPEATED_FRAME = "repeated_frame"
    UNDECODABLE = "undecodable"
    TOO_MANY_PIXELS = "too_many_pixels"


@dataclass(frozen=True)
class FaceRegion:
    """Where the face is, as shares (0..1) of the frame's width and height."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True)
class Box:
    """A square in pixels of the full frame."""

    x: int
    y: int
    side: int
    votes: int = 0  # how many overlapping detections were merged into this one

    def region(self, grey: Grey) -> FaceRegion:
        """Return the box as shares of the frame."""
        height, width = grey.shape
        return FaceRegion(
            round(self.x / width, 4),
            round(self.y / height, 4),
            round(self.side / width, 4),
            round(self.side / height, 4),
        )

    def cut(self, grey: Grey) -> Grey:
        """Return the pixels of the box; a view, no copy."""
        return grey[self.y : self.y + self.side, self.x : self.x + self.side]


Point = tuple[float, float]
"""x, y in pixels of the full frame."""


@dataclass(frozen=True)
class Face:
    """Where a face is in its frame.

    Attributes
    ----------
    box : Box
        The detector's square.
    eyes : pair of Point or None
        Centres of the eye on the picture's left and of the one on its right, where both were found.
    """

    box: Box
    eyes: tuple[Point, Point] | None = None


@dataclass(frozen=True)
class Observation:
    """What one frame showed.

    `reasons` is empty exactly when there is a template: then the frame is a sample. `heading` is
    told only where it was asked for and one head was seen; `face` may then be a turned one.
    """

    reasons: tuple[Reason, ...]
    face: FaceRegion | None = None
    template: Template | None = None
    fingerprint: Fingerprint | None = None
    heading: Heading | None = None


def _one_group() -> npt.NDArray[np.uint8]:
    return np.zeros(0, np.uint8)


@dataclass(frozen=True)
class Reference:
    """The stored templates that a person's probe is compared with.

    Parameters
    ----------
    engine : str
        Name of the engine that made the templates; no other can compare them.
    templates : (samples, ...)
        Each in the engine's own shape.
    groups : (samples,) uint8
        Which capture a sample is from: one day, one light. One capture unless given.
    """

    engine: str
    templates: npt.NDArray[Any]
    groups: npt.NDArray[np.uint8] = field(default_factory=_one_group)

    def __post_init__(self) -> None:
        samples = len(self.templates)
        if not len(self.groups):
            object.__setattr__(self, "groups", np.zeros(samples, np.uint8))
        if not samples or self.groups.shape != (samples,):
            raise ValueError(f"{samples} samples do not fit groups of {self.groups.shape}")

    @classmethod
    def joined(cls, captures: Sequence["Reference"]) -> "Reference":
        """Return several captures of one person as one reference; each stays a group of its own.

        Raises
        ------
        ValueError
            If different engines made them.
        """
        engines = {capture.engine for capture in captures}
        if len(engines) != 1:
            raise ValueError(f"captures of {len(engines)} engines make no reference")
        groups: list[npt.NDArray[np.uint8]] = []
        taken = 0
        for capture in captures:
            _, numbers = np.unique(capture.groups, return_inverse=True)
            groups.append((numbers + taken).astype(np.uint8))
            taken += int(numbers.max()) + 1
        templates = np.concatenate([capture.templates for capture in captures])
        return cls(engines.pop(), templates, np.concatenate(groups))

    def to_bytes(self) -> bytes:
        """Return the reference as bytes; counts of patterns shrink to about a third."""
        packed = io.BytesIO()
        for array in (self.groups, self.templates):
            np.lib.format.write_array(packed, array, allow_pickle=False)
        return self.engine.encode() + b"\0" + zlib.compress(packed.getvalue(), level=6)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Reference":
        """Read what `to_bytes` wrote.

        Raises
        ------
        ValueError
            If the bytes are something else.
        """
        engine, _, packed = data.partition(b"\0")
        try:
            arrays = io.BytesIO(zlib.decompress(packed))
            groups, templates = (
                np.lib.format.read_array(arrays, allow_pickle=False) for _ in range(2)
            )
        except (zlib.error, ValueError, EOFError) as error:
            raise ValueError(f"not a reference: {error}") from None
        if arrays.read(1) or not templates.ndim or groups.dtype != np.uint8 or not groups.size:
            raise ValueError("not a reference: two arrays were expected")
        return cls(engine.decode(), templates, groups)
