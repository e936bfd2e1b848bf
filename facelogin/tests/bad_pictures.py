"""What may arrive instead of a picture, as (name, bytes, the reasons that may be answered).

The same cases go to the recognizer itself, through the socket, and into docs/bad-input.md.
"""

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from PIL import Image

from facelogin.protocol import MAX_FRAME_BYTES
from facelogin.recognition.imaging import MAX_SCANS
from facelogin.tests.conftest import face_frames

SEED = 20_261_123
CUTS = 64
FLIPPED_BITS = 8  # at the most, in one picture

SAMPLE: frozenset[str] = frozenset()  # no reason against it: it counts
UNDECODABLE = frozenset({"undecodable"})
TOO_MANY_PIXELS = frozenset({"too_many_pixels"})
NO_FACE = frozenset({"no_face"})


@dataclass(frozen=True)
class BadPicture:
    """One picture; `reasons` is the whole answer, empty for a picture that counts."""

    name: str
    make: Callable[[], bytes]
    reasons: frozenset[str]


@cache
def good() -> bytes:
    """Return the picture that the others are made from; nobody else shows it."""
    return face_frames(1, seed=77)[0]


def _image() -> Image.Image:
    return Image.open(io.BytesIO(good()))


def _saved(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _grey_noise(width: int, height: int) -> bytes:
    noise = np.random.default_rng(SEED).integers(100, 156, (height, width)).astype(np.uint8)
    return cv2.imencode(".jpg", noise, [cv2.IMWRITE_JPEG_QUALITY, 10])[1].tobytes()


def _claiming(width: int, height: int) -> bytes:
    """Return the good picture with another size in its header."""
    at = good().index(b"\xff\xc0")
    return good()[: at + 5] + struct.pack(">HH", height, width) + good()[at + 9 :]


def _turned(orientation: int, stored: Image.Image) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return _saved(stored, exif=exif.tobytes(), quality=85)


def _with_thumbnail_then_cut() -> bytes:
    """Return a picture without its second half, behind a thumbnail that is whole."""
    small = _saved(_image().resize((160, 120)))
    segment = b"\xff\xe1" + struct.pack(">H", len(small) + 2 + 6) + b"Exif\0\0" + small
    whole = good()[:2] + segment + good()[2:]
    return whole[: len(whole) // 2]


def _zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("frame.jpg", good()[:4000])
    return file.getvalue()


def many_scans(count: int) -> bytes:
    """Return a progressive picture with a scan repeated until there are so many."""
    flat = _saved(Image.fromarray(np.full((960, 1280), 128, np.uint8)), progressive=True)
    last = flat.rindex(b"\xff\xda")
    scan = flat[last:-2]
    return flat[:-2] + scan * (count - flat.count(b"\xff\xda")) + flat[-2:]


def _most_scans() -> bytes:
    one_more = len(many_scans(MAX_SCANS + 1)) - len(many_scans(MAX_SCANS))
    room = MAX_FRAME_BYTES - len(many_scans(MAX_SCANS))
    return many_scans(MAX_SCANS + room // one_more)


_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="640" height="480"><rect/></svg>'
_PDF = b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"

PICTURES = [
    BadPicture("nothing at all", lambda: b"", UNDECODABLE),
    BadPicture("one byte", lambda: b"\xff", UNDECODABLE),
    BadPicture("the first three bytes of a JPEG", lambda: b"\xff\xd8\xff", UNDECODABLE),
    BadPicture("a JPEG without pixels", lambda: b"\xff\xd8\xff\xd9", UNDECODABLE),
    BadPicture("text", lambda: b"this is no picture at all", UNDECODABLE),
    BadPicture("zeros, as many as a frame may have", lambda: bytes(MAX_FRAME_BYTES), UNDECODABLE),
    BadPicture("a header claiming 65535x65535", lambda: _claiming(65535, 65535), TOO_MANY_PIXELS),
    BadPicture("a header claiming 0x0", lambda: _claiming(0, 0), UNDECODABLE),
    BadPicture("1281x960", lambda: _grey_noise(1281, 960), TOO_MANY_PIXELS),
    BadPicture("1280x961", lambda: _grey_noise(1280, 961), TOO_MANY_PIXELS),
    BadPicture("1280x960", lambda: _grey_noise(1280, 960), NO_FACE),
    BadPicture("1x1", lambda: _grey_noise(1, 1), NO_FACE),
    BadPicture("1280x1", lambda: _grey_noise(1280, 1), NO_FACE),
    BadPicture("1x960", lambda: _grey_noise(1, 960), NO_FACE),
    BadPicture("65500x18", lambda: _grey_noise(65500, 18), NO_FACE),
    BadPicture("progressive", lambda: _saved(_image(), progressive=True, quality=85), SAMPLE),
    BadPicture("greyscale", lambda: _saved(_image().convert("L"), quality=85), SAMPLE),
    BadPicture("CMYK", lambda: _saved(_image().convert("CMYK"), quality=85), SAMPLE),
    BadPicture("upright, its EXIF says turned", lambda: _turned(6, _image()), SAMPLE),
    BadPicture(
        "turned, its EXIF says how to turn it back",
        lambda: _turned(6, _image().transpose(Image.Transpose.ROTATE_90)),
        NO_FACE,
    ),
    BadPicture("cut behind a whole thumbnail", _with_thumbnail_then_cut, UNDECODABLE),
    BadPicture("a zip behind the end", lambda: good() + _zipped(), SAMPLE),
    BadPicture("a second JPEG behind the end", lambda: good() + good(), SAMPLE),
    BadPicture("as many scans as fit, 12 s to decode", _most_scans, UNDECODABLE),
    BadPicture("as many scans as allowed", lambda: many_scans(MAX_SCANS), NO_FACE),
    BadPicture("one scan more", lambda: many_scans(MAX_SCANS + 1), UNDECODABLE),
    BadPicture("PNG", lambda: _saved(_image().resize((160, 120)), "PNG"), UNDECODABLE),
    BadPicture("GIF", lambda: _saved(_image().resize((160, 120)), "GIF"), UNDECODABLE),
    BadPicture("BMP", lambda: _saved(_image().resize((160, 120)), "BMP"), UNDECODABLE),
    BadPicture("TIFF", lambda: _saved(_image().resize((160, 120)), "TIFF"), UNDECODABLE),
    BadPicture("WebP", lambda: _saved(_image(), "WEBP"), UNDECODABLE),
    BadPicture("JPEG 2000", lambda: _saved(_image().resize((160, 120)), "JPEG2000"), UNDECODABLE),
    BadPicture("SVG", lambda: _SVG, UNDECODABLE),
    BadPicture("PDF", lambda: _PDF, UNDECODABLE),
    BadPicture("zip", _zipped, UNDECODABLE),
    BadPicture(
        "PNG behind a JPEG's first bytes",
        lambda: b"\xff\xd8" + _saved(_image().resize((160, 120)), "PNG"),
        UNDECODABLE,
    ),
    *(
        BadPicture(
            f"cut at {number}/{CUTS}",
            lambda number=number: good()[: len(good()) * number // CUTS],  # type: ignore[misc]
            UNDECODABLE,
        )
        for number in range(CUTS)
    ),
]


def flipped(random: np.random.Generator, picture: bytes | None = None) -> bytes:
    """Return a good picture with one to eight bits flipped, half of them in its header."""
    data = bytearray(picture or good())
    for _ in range(int(random.integers(1, FLIPPED_BITS + 1))):
        end = 700 if random.random() < 0.5 else len(data)
        data[int(random.integers(0, end))] ^= 1 << int(random.integers(0, 8))
    return bytes(data)
