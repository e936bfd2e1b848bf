"""Pixels in, pixels out: reading a JPEG's header, decoding, normalising light."""

import cv2
import numpy as np
import numpy.typing as npt

from facelogin.recognition.types import Colour, Fingerprint, Grey

# JPEG markers that start a frame and so hold its size: all SOFn but DHT, JPG and DAC.
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
# Markers without a length behind them: TEM and the restart markers.
_STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN = b"\xff\xda"
# Cameras and canvases write one scan, progressive encoders about ten. Every scan is a pass over the
# whole picture, in a dozen bytes: a frame of 131 000 bytes held 10 493 and took 12 s to decode.
MAX_SCANS = 32
_FINGERPRINT_SIZE = (64, 48)  # width, height


def jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Return (width, height) as a JPEG's header says, None if it is no JPEG.

    Nothing is decoded: a header may claim 65 535 x 65 535 pixels in a few bytes.

    Source: ITU-T T.81, annex B.
    """
    at = _start_of_frame(data)
    if at is None or at + 9 > len(data):
        return None
    height = int.from_bytes(data[at + 5 : at + 7], "big")
    width = int.from_bytes(data[at + 7 : at + 9], "big")
    return (width, height) if width and height else None


def has_few_scans(data: bytes) -> bool:
    """Say whether a JPEG has no more scans than an honest encoder writes.

    A plain search finds the markers: entropy-coded data cannot hold them.
    """
    return data.count(_START_OF_SCAN, _start_of_frame(data)) <= MAX_SCANS


def _start_of_frame(data: bytes) -> int | None:
    """Return where the marker stands that is followed by the size; None if there is none."""
    if data[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xFF:
            return None
        marker = data[at + 1]
        if marker == 0x00:
            # No marker: decoders step over it, and would find another size than a length read here.
            return None
        if marker == 0xFF:  # fill byte
            at += 1
        elif marker in _STANDALONE:
            at += 2
        elif marker in _START_OF_FRAME:
            return at
        else:
            at += 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return None


def decode_grey(data: bytes) -> Grey | None:
    """Decode a picture to grey (height, width) uint8; None if OpenCV cannot.

    Orientation tags are ignored: what the camera saw is what is judged.
    """
    return _decode(data, cv2.IMREAD_GRAYSCALE)


def decode_colour(data: bytes) -> Colour | None:
    """Decode a picture to (height, width, 3) uint8, blue first; None if OpenCV cannot."""
    return _decode(data, cv2.IMREAD_COLOR)


def _decode(data: bytes, flags: int) -> npt.NDArray[np.uint8] | None:
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), flags | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error:
        return None
    # imdecode answers None for what it cannot read; its stub does not say so.
    return None if image is None else image.astype(np.uint8, copy=False)


def to_grey(colour: Colour) -> Grey:
    """Return the (height, width) brightness of a colour picture."""
    return cv2.cvtColor(colour, cv2.COLOR_BGR2GRAY).astype(np.uint8, copy=False)


def fingerprint(grey: Grey) -> Fingerprint:
    """Return the frame reduced to (48, 64) uint8."""
    reduced = cv2.resize(grey, _FINGERPRINT_SIZE, interpolation=cv2.INTER_AREA)
    return reduced.astype(np.uint8, copy=False)


def tan_triggs(
    grey: Grey,
    *,
    gamma: float = 0.2,
    sigma_inner: float = 1.0,
    sigma_outer: float = 2.0,
    alpha: float = 0.1,
    tau: float = 10.0,
) -> Grey:
    """Remove slow changes of light, keep the face's own structure; 128 is the local mean.

    Parameters and source as of `tan_triggs_band`; the result is uint8.
    """
    band = tan_triggs_band(
        grey, gamma=gamma, sigma_inner=sigma_inner, sigma_outer=sigma_outer, alpha=alpha, tau=tau
    )
    return np.asarray(np.clip(band * (127.5 / tau) + 127.5, 0, 255), dtype=np.uint8)


def tan_triggs_band(
    grey: Grey,
    *,
    gamma: float = 0.2,
    sigma_inner: float = 1.0,
    sigma_outer: float = 2.0,
    alpha: float = 0.1,
    tau: float = 10.0,
) -> npt.NDArray[np.float32]:
    """Remove slow changes of light, keep the face's own structure.

    Parameters
    ----------
    grey : (height, width) uint8
    gamma : float
        Exponent of the first step; lifts shadows.
    sigma_inner, sigma_outer : float
        Widths in pixels of the two Gaussians whose difference is kept.
    alpha, tau : float
        Exponent and limit of the contrast equalisation.

    Returns
    -------
    (height, width) float32
        -tau to tau; 0 is the local mean.

    Source: Tan and Triggs 2010, doi:10.1109/TIP.2010.2042645.
    """
    lifted = np.power(grey.astype(np.float32) / 255.0, gamma)
    inner = cv2.GaussianBlur(lifted, (0, 0), sigma_inner)
    outer = cv2.GaussianBlur(lifted, (0, 0), sigma_outer)
    band: npt.NDArray[np.float32] = (inner - outer).astype(np.float32)
    # Two rounds: the first is drawn by outliers, the second ignores what is beyond tau.
    band /= max(float(np.mean(np.abs(band) ** alpha)) ** (1 / alpha), 1e-6)
    band /= max(float(np.mean(np.minimum(np.abs(band), tau) ** alpha)) ** (1 / alpha), 1e-6)
    return np.asarray(tau * np.tanh(band / tau), dtype=np.float32)
