"""The steps in their order and the limits between them, each from both sides."""

from typing import Any

import cv2
import numpy as np
import pytest

from facelogin.recognition import CASCADES, ENGINES, Frame, Reason, Recognizer
from facelogin.recognition.alignment import EyeFinder
from facelogin.recognition.detection import Detector, load_cascade
from facelogin.recognition.engines.lbph import LbphEngine
from facelogin.recognition.engines.lbph_plain import FACE_SIDE, PlainLbphEngine
from facelogin.recognition.imaging import decode_grey, jpeg_size, tan_triggs
from facelogin.recognition.quality import judge
from facelogin.recognition.types import Box, Face, Grey
from facelogin.tests import pictures
from facelogin.workers import make_recognizer, read_cascades

NO_CASCADE = '<?xml version="1.0"?>\n<opencv_storage></opencv_storage>'
NO_CASCADES = dict.fromkeys(CASCADES, NO_CASCADE)


@pytest.fixture(scope="module")
def recognizer() -> Recognizer:
    return make_recognizer()


# -- building one ---------------------------------------------------------------------------------


def test_an_engine_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="no engine 'eigenfaces'; there are: lbph"):
        make_recognizer("eigenfaces")


def test_an_xml_that_is_no_cascade_is_refused() -> None:
    for xml in ("", "no xml", "<a/>", NO_CASCADE, NO_CASCADE[:30]):
        with pytest.raises(ValueError, match="no Haar cascade"):
            load_cascade(xml)
    with pytest.raises(ValueError, match="no Haar cascade"):
        Recognizer(NO_CASCADES, [LbphEngine()])


@pytest.mark.parametrize("name", [n for n, kind in ENGINES.items() if kind.is_always_here])
def test_an_engine_answers_to_its_name(name: str) -> None:
    assert ENGINES[name]().name == name


# -- the header -----------------------------------------------------------------------------------


def segments_of(jpeg: bytes) -> tuple[list[bytes], bytes]:
    """The segments between the start and the scan, and the scan."""
    at, found = 2, []
    while jpeg[at + 1] != 0xDA:
        end = at + 2 + int.from_bytes(jpeg[at + 2 : at + 4], "big")
        found.append(jpeg[at:end])
        at = end
    return found, jpeg[at:]


def test_tables_before_the_size_are_not_taken_for_it() -> None:
    """DHT (C4) has a start-of-frame marker's shape; encoders may write it first."""
    segments, scan = segments_of(pictures.at_quality(pictures.portrait(), 85))
    tables_first = sorted(segments, key=lambda segment: segment[1] != 0xC4)
    assert tables_first != segments
    data = b"\xff\xd8" + b"".join(tables_first) + scan
    assert jpeg_size(data) == (640, 480)
    decoded = decode_grey(data)
    assert decoded is not None and decoded.shape == (480, 640)


# -- one face or several --------------------------------------------------------------------------


def side_by_side(left: float, right: float) -> Grey:
    """A near face at the left and another at the right, so many times the portrait's size."""
    near, other = pictures.portrait(left, (200, 250)), pictures.portrait(right, (530, 240))
    return np.hstack([near[:, :400], other[:, 400:]])


def test_somebody_walking_past_behind_is_no_second_person(recognizer: Recognizer) -> None:
    observation = recognizer.observe_frame(Frame(side_by_side(2.2, 0.9)))  # 98 px beside 212
    assert observation.reasons == ()
    assert observation.face is not None
    assert observation.face.x + observation.face.width < 0.5


def test_somebody_beside_is(recognizer: Recognizer) -> None:
    observation = recognizer.observe_frame(Frame(side_by_side(1.9, 1.2)))  # 120 px beside 182
    assert observation.reasons == (Reason.SEVERAL_FACES,)


class AtTheBottom:
    """A cascade that sees a face down to the last row of the frame halved and rounded up."""

    @staticmethod
    def getOriginalWindowSize() -> tuple[int, int]:  # noqa: N802  (OpenCV's name)
        return 24, 24

    @staticmethod
    def detectMultiScale2(small: Grey, minSize: tuple[int, int], **_: Any) -> Any:  # noqa: N802, N803
        side = minSize[0]
        votes = 9 if side == 100 else 0  # one of the sizes that are looked at
        return np.array([[10, small.shape[0] - side, side, side]] * votes), np.ones(votes)


def test_rounding_pushes_no_box_over_the_edge(recognizer: Recognizer) -> None:
    frame = np.zeros((479, 640), np.uint8)
    (box,) = Detector._detect(AtTheBottom(), frame, 1)  # type: ignore[arg-type]
    assert box.cut(frame).shape == (box.side, box.side)
    region = box.region(frame)
    assert region.y + region.height <= 1


# -- quality, each limit from both sides ----------------------------------------------------------

BOX = Box(220, 140, 200)
INNER_LEFT, INNER_RIGHT = slice(220, 320), slice(320, 420)


def textured(left: float, right: float) -> Grey:
    """A frame whose face is so bright left and right, with fine detail so that it is sharp."""
    frame = np.full((480, 640), 128.0)
    frame[:, INNER_LEFT], frame[:, INNER_RIGHT] = left, right
    detail = np.random.default_rng(0).choice([-3.0, 3.0], frame.shape)
    return pictures.as_grey(frame + cv2.GaussianBlur(detail, (0, 0), 1.2))


@pytest.mark.parametrize(
    ("left", "right", "reasons"),
    [
        (100, 100, ()),
        (34, 34, ()),
        (26, 26, (Reason.TOO_DARK,)),
        (240, 240, ()),
        (248, 248, (Reason.TOO_BRIGHT,)),  # by its mean: hardly a pixel is burnt
        (100, 60, ()),  # a window at one side is no reason to refuse anybody
        (60, 100, ()),
        (150, 55, (Reason.UNEVEN_LIGHT,)),
        (55, 150, (Reason.UNEVEN_LIGHT,)),
    ],
)
def test_light_is_judged_over_the_face(
    left: float, right: float, reasons: tuple[Reason, ...]
) -> None:
    assert judge(textured(left, right), BOX) == reasons


@pytest.mark.parametrize(("burnt_rows", "reasons"), [(8, (Reason.TOO_BRIGHT,)), (6, ())])
def test_a_face_burnt_out_in_most_places_is_too_bright(
    burnt_rows: int, reasons: tuple[Reason, ...]
) -> None:
    """Eight or six rows of ten are white, the others dark: the mean, 208 or 161, is neither."""
    frame = textured(20, 20)
    frame[np.arange(480) % 10 < burnt_rows] = 255
    assert judge(frame, BOX) == reasons


@pytest.mark.parametrize(
    ("sigma", "reasons"), [(0.0, ()), (0.5, ()), (1.0, (Reason.BLURRED,)), (3.0, (Reason.BLURRED,))]
)
def test_a_little_out_of_focus_is_already_refused(
    recognizer: Recognizer, sigma: float, reasons: tuple[Reason, ...]
) -> None:
    picture = pictures.blurred(pictures.portrait(), sigma) if sigma else pictures.portrait()
    assert recognizer.observe_frame(Frame(picture)).reasons == reasons


@pytest.mark.parametrize("lacking", [0, 1])
def test_the_smallest_face(lacking: int) -> None:
    side = 80 - lacking
    expected = (Reason.TOO_SMALL,) if lacking else ()
    assert judge(textured(100, 100), Box(280, 200, side)) == expected


def test_all_that_is_wrong_is_said_at_once() -> None:
    reasons = judge(textured(20, 20), Box(225, 5, 60))
    assert reasons == (Reason.TOO_SMALL, Reason.OFF_CENTRE, Reason.TOO_DARK)


# -- from face to template ------------------------------------------------------------------------


def test_the_template_is_of_the_upright_face(recognizer: Recognizer) -> None:
    frame = Frame(pictures.portrait())
    observation = recognizer.observe_frame(frame)
    assert observation.face is not None and observation.template is not None
    (box,) = Detector(read_cascades()).faces(frame.grey)
    face = Face(box, EyeFinder(read_cascades()).find(frame.grey, box))
    assert face.eyes and observation.face == box.region(frame.grey)
    assert np.array_equal(observation.template, LbphEngine().template(frame, face))


def test_the_plain_template_is_of_the_inner_box_with_its_light_normalised() -> None:
    frame = pictures.portrait()
    observation = make_recognizer("lbph_plain").observe_frame(Frame(frame))
    assert observation.face is not None and observation.template is not None
    side = round(observation.face.width * pictures.WIDTH)
    margin = side // 10
    left = round(observation.face.x * pictures.WIDTH) + margin
    top = round(observation.face.y * pictures.HEIGHT) + margin
    inner = frame[top : top + side - 2 * margin, left : left + side - 2 * margin]
    square = cv2.resize(inner, (FACE_SIDE, FACE_SIDE), interpolation=cv2.INTER_AREA)
    expected = PlainLbphEngine().counts(tan_triggs(np.asarray(square, np.uint8)))
    assert np.array_equal(observation.template, expected)


def test_a_recognizer_remembers_nothing_of_another_person(recognizer: Recognizer) -> None:
    """One process serves everybody: training for one template must not mark the next."""
    mine, other = pictures.portrait(), pictures.portrait(2.0, (300, 230), 4)
    before = recognizer.observe_frame(Frame(mine)).template
    recognizer.observe_frame(Frame(other))
    after = recognizer.observe_frame(Frame(mine)).template
    assert before is not None and after is not None
    assert np.array_equal(before, after)
