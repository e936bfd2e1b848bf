"""Any bytes get an answer: what a client may send instead of a frame."""

from typing import Any

import cv2
import numpy as np
import pytest

from facelogin.recognition import MAX_FRAME_PIXELS, Reason
from facelogin.recognition.imaging import decode_grey, jpeg_size
from facelogin.tests import pictures

SMALL_HEADER = bytes.fromhex("ffc0000b080008000801011100")  # says 8x8


def frame() -> bytes:
    return pictures.at_quality(pictures.portrait(), 85)


def claiming(width: int, height: int) -> bytes:
    """A JPEG whose header says another size than its pixels have."""
    data = bytearray(frame())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = height.to_bytes(2, "big") + width.to_bytes(2, "big")
    return bytes(data)


def grey(height: int, width: int) -> bytes:
    return pictures.encode(np.full((height, width), 128, np.uint8))


def hidden_size(marker: int) -> bytes:
    """A header of 4000x4000 inside a segment, a header of 8x8 behind it."""
    body = grey(4000, 4000)[2:]
    length = 600
    segment = bytes([0xFF, marker]) + length.to_bytes(2, "big") + body[: length - 2]
    return b"\xff\xd8" + segment + SMALL_HEADER + body[length - 2 :]


NO_JPEG: list[tuple[str, bytes]] = [
    ("nothing", b""),
    ("one byte", b"\xff"),
    ("only the start", b"\xff\xd8"),
    ("start and half a marker", b"\xff\xd8\xff"),
    ("start and end", b"\xff\xd8\xff\xd9"),
    ("start and fill bytes", b"\xff\xd8" + b"\xff" * 5000),
    ("only a header", b"\xff\xd8" + SMALL_HEADER),
    ("a header cut short", b"\xff\xd8" + SMALL_HEADER[:7]),
    ("a header without width", claiming(0, 480)),
    ("a header without height", claiming(640, 0)),
    ("a segment longer than the file", b"\xff\xd8\xff\xe0\xff\xff" + bytes(100)),
    ("a segment of no length", b"\xff\xd8\xff\xe0\x00\x00" + bytes(100)),
    ("text", b'{"type": "frame"}'),
    ("zeros", bytes(131_072)),
    ("png", pictures.encode(pictures.portrait(), ".png")),
    ("bmp", pictures.encode(pictures.portrait(), ".bmp")),
    ("tiff", pictures.encode(pictures.portrait(), ".tiff")),
    ("webp", pictures.encode(pictures.portrait(), ".webp")),
    (
        "gif",
        b"GIF89a" + bytes.fromhex("0100010080000000000000ffffff2c00000000010001000002024401003b"),
    ),
    ("svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
    ("a size behind what is no marker", hidden_size(0x00)),
]


@pytest.mark.parametrize("data", [c[1] for c in NO_JPEG], ids=[c[0] for c in NO_JPEG])
def test_what_is_no_jpeg_is_undecodable(data: bytes) -> None:
    observation = pictures.recognizer().observe(data)
    assert observation.reasons == (Reason.UNDECODABLE,)
    assert observation.template is None and observation.fingerprint is None


@pytest.mark.parametrize("data", [c[1] for c in NO_JPEG[:10]], ids=[c[0] for c in NO_JPEG[:10]])
def test_a_jpeg_without_a_size_has_none(data: bytes) -> None:
    assert jpeg_size(data) == ((8, 8) if data == b"\xff\xd8" + SMALL_HEADER else None)


@pytest.mark.parametrize("data", [b"", b"\xff\xd8\xff", b"text"])
def test_what_opencv_cannot_decode_is_none(data: bytes) -> None:
    assert decode_grey(data) is None


@pytest.mark.parametrize(
    "inserted",
    [b"\xff\xff\xff", b"\xff\xfe\x00\x00", b"\xff\xfe\x00\x04" + SMALL_HEADER[:2]],
    ids=["fill bytes", "a comment of no length", "a comment that holds a marker"],
)
def test_what_decoders_step_over_is_stepped_over(inserted: bytes) -> None:
    data = frame()[:2] + inserted + frame()[2:]
    assert jpeg_size(data) == (640, 480)
    assert pictures.recognizer().observe(data).reasons == ()


@pytest.mark.parametrize("size", [(65535, 65535), (1281, 960), (1280, 961), (65535, 19)])
def test_too_many_pixels_are_refused_from_the_header_alone(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*_: Any) -> Any:
        raise AssertionError("the picture was decoded")

    monkeypatch.setattr(cv2, "imdecode", decoded)
    assert size[0] * size[1] > MAX_FRAME_PIXELS
    assert pictures.recognizer().observe(claiming(*size)).reasons == (Reason.TOO_MANY_PIXELS,)


def test_the_largest_picture_is_looked_at() -> None:
    observation = pictures.recognizer().observe(grey(960, 1280))
    assert observation.reasons == (Reason.NO_FACE,)


@pytest.mark.parametrize("marker", range(0x100))
def test_no_segment_hides_the_size_that_is_decoded(marker: int) -> None:
    data = hidden_size(marker)
    size, picture = jpeg_size(data), decode_grey(data)
    assert picture is None or size in {None, (4000, 4000)}


@pytest.mark.parametrize(
    "size", [(1, 1), (2, 2), (1, 1200), (1200, 1), (1, 65500), (65500, 1), (18, 65500), (23, 23)]
)
def test_the_smallest_and_thinnest_pictures_show_no_face(size: tuple[int, int]) -> None:
    observation = pictures.recognizer().observe(grey(*size))
    assert observation.reasons == (Reason.NO_FACE,)
    assert observation.fingerprint is not None and observation.fingerprint.shape == (48, 64)


@pytest.mark.parametrize(
    "flags",
    [
        (cv2.IMWRITE_JPEG_PROGRESSIVE, 1),
        (cv2.IMWRITE_JPEG_OPTIMIZE, 1),
        (cv2.IMWRITE_JPEG_RST_INTERVAL, 4),
        (cv2.IMWRITE_JPEG_QUALITY, 100),
    ],
    ids=["progressive", "optimised", "restarts", "quality 100"],
)
@pytest.mark.parametrize("colours", [1, 3])
def test_every_kind_of_jpeg_is_read(flags: tuple[int, int], colours: int) -> None:
    picture = np.dstack([pictures.portrait()] * colours)
    data = pictures.encode(picture, ".jpg", *flags)
    assert jpeg_size(data) == (640, 480)
    assert pictures.recognizer().observe(data).reasons == ()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.02, 0.1, 0.5, 0.9, 0.99, 0.9999])
def test_a_frame_cut_short_never_raises(share: float) -> None:
    for flags in ((), (cv2.IMWRITE_JPEG_PROGRESSIVE, 1)):
        data = pictures.encode(pictures.portrait(), ".jpg", *flags)
        observation = pictures.recognizer().observe(data[: int(share * len(data))])
        assert bool(observation.reasons) == (observation.template is None)


@pytest.mark.parametrize("seed", range(60))
def test_random_bytes_and_damage_never_raise(seed: int) -> None:
    random = np.random.default_rng(seed)
    noise = random.bytes(int(random.integers(0, 4000)))
    damaged = bytearray(frame())
    for at in random.integers(0, 700 if seed % 2 else len(damaged), 5):
        damaged[at] = int(random.integers(0, 256))
    for data in (noise, b"\xff\xd8\xff" + noise, frame()[:700] + noise, bytes(damaged)):
        observation = pictures.recognizer().observe(data)
        assert bool(observation.reasons) == (observation.template is None)
        assert set(observation.reasons) <= set(Reason)


def test_a_turned_picture_is_judged_as_the_camera_saw_it() -> None:
    """An Exif tag may ask for a turn by 90 degrees; frames are never turned."""
    orientation = bytes.fromhex("4d4d002a00000008000101120003000000010006000000000000")
    exif = b"Exif\0\0" + orientation
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    data = frame()[:2] + segment + frame()[2:]
    picture = decode_grey(data)
    assert picture is not None and picture.shape == (480, 640)
