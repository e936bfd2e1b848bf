"""The values recognition works with, named as ISO/IEC 2382-37 names them."""

import zlib
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
"""(height, width) uint8, 0 black to 255 white."""

Template = npt.NDArray[np.uint8]
"""(64, 256) uint8: how often each local binary pattern occurs in each cell of an 8x8 grid."""

Fingerprint = npt.NDArray[np.uint8]
"""(48, 64) uint8: a whole frame, reduced; tells frames of one attempt apart, not people."""

CELLS, BINS = 64, 256


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
class Observation:
    """What one frame showed.

    `reasons` is empty exactly when there is a template: then the frame is a sample.
    """

    reasons: tuple[Reason, ...]
    face: FaceRegion | None = None
    template: Template | None = None
    fingerprint: Fingerprint | None = None


@dataclass(frozen=True)
class Reference:
    """The stored templates that a person's probe is compared with.

    Parameters
    ----------
    engine : str
        Name of the engine that made the templates; no other can compare them.
    templates : (samples, 64, 256) uint8
    """

    engine: str
    templates: npt.NDArray[np.uint8]

    def to_bytes(self) -> bytes:
        """Return the reference as bytes; ten templates of 16 KiB shrink to about a third."""
        return self.engine.encode() + b"\0" + zlib.compress(self.templates.tobytes(), level=6)

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
            flat = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
        except zlib.error as error:
            raise ValueError(f"not a reference: {error}") from None
        if flat.size == 0 or flat.size % (CELLS * BINS):
            raise ValueError(f"{flat.size} bytes are no whole number of templates")
        return cls(engine.decode(), flat.reshape(-1, CELLS, BINS))
