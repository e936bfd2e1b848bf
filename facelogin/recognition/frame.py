"""One decoded picture: grey for finding and judging a face, colour for the engines that want it."""

from collections.abc import Callable

from facelogin.recognition.imaging import decode_colour, decode_grey, to_grey
from facelogin.recognition.types import Colour, Grey


class Frame:
    """A picture whose colour is decoded when an engine asks for it.

    Parameters
    ----------
    grey : (height, width) uint8
    colour : callable, optional
        Returns the same picture as (height, width, 3) uint8; without it grey stands in.
    """

    def __init__(self, grey: Grey, colour: Callable[[], Colour | None] | None = None) -> None:
        self.grey = grey
        self._decode_colour = colour
        self._colour: Colour | None = None

    @classmethod
    def from_bytes(cls, data: bytes) -> "Frame | None":
        """Decode a picture's bytes; None if OpenCV cannot."""
        grey = decode_grey(data)
        return None if grey is None else cls(grey, lambda: decode_colour(data))

    @classmethod
    def from_colour(cls, colour: Colour) -> "Frame":
        """Return a frame of pixels that are decoded already."""
        return cls(to_grey(colour), lambda: colour)

    @property
    def colour(self) -> Colour:
        """Return the picture as (height, width, 3) uint8: blue, green, red."""
        if self._colour is None:
            decoded = self._decode_colour() if self._decode_colour else None
            self._colour = grey_as_colour(self.grey) if decoded is None else decoded
        return self._colour


def grey_as_colour(grey: Grey) -> Colour:
    """Return a grey picture with three equal channels."""
    return grey[:, :, None].repeat(3, axis=2)
