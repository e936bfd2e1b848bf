"""dlib's descriptor: what is particular to it."""

import cv2
import dlib
import numpy as np
import pytest

from facelogin import engine_files
from facelogin.recognition import EngineUnavailable, Face, Frame
from facelogin.recognition.engines.resnet import ResnetEngine, load
from facelogin.tests import pictures
from facelogin.tests.conftest import face_frames


@pytest.fixture(scope="module")
def engine() -> ResnetEngine:
    return engine_files.load(engine_files.source("resnet"))  # type: ignore[return-value]


def frame(colour: np.ndarray) -> Frame:
    return Frame.from_colour(np.ascontiguousarray(colour))


@pytest.fixture(scope="module")
def colour() -> np.ndarray:
    return cv2.imdecode(np.frombuffer(face_frames(1)[0], np.uint8), cv2.IMREAD_COLOR)


@pytest.fixture(scope="module")
def face(colour: np.ndarray) -> Face:
    (box,) = pictures.recognizer()._detector.faces(frame(colour).grey)
    return Face(box)


def test_a_template_is_what_dlib_says_of_the_face_and_its_mirror_image(
    engine: ResnetEngine, colour: np.ndarray, face: Face
) -> None:
    """By dlib's own calls, red first; its length, about 1.4, is taken away."""
    arguments = engine_files.source("resnet").arguments
    rgb = cv2.cvtColor(colour, cv2.COLOR_BGR2RGB)
    box = face.box
    place = dlib.rectangle(box.x, box.y, box.x + box.side - 1, box.y + box.side - 1)
    points = dlib.shape_predictor(arguments["landmarks"])(rgb, place)
    assert points.num_parts == 5
    chip = dlib.get_face_chip(rgb, points, size=150)
    net = dlib.face_recognition_model_v1(arguments["descriptor"])
    mirrored = np.ascontiguousarray(chip[:, ::-1])
    wanted = np.mean([net.compute_face_descriptor(each) for each in (chip, mirrored)], axis=0)
    assert np.linalg.norm(wanted) > 1.2
    made = engine.template(frame(colour), face)
    assert np.allclose(made, wanted / np.linalg.norm(wanted), atol=1e-6)


def test_red_and_blue_are_not_taken_for_each_other(
    engine: ResnetEngine, colour: np.ndarray, face: Face
) -> None:
    swapped = engine.template(frame(colour[:, :, ::-1]), face)
    assert engine.dissimilarities(engine.template(frame(colour), face), swapped[None])[0] > 0.01


def test_a_grey_picture_has_a_template_near_the_coloured_one(
    engine: ResnetEngine, colour: np.ndarray, face: Face
) -> None:
    grey = engine.template(Frame(frame(colour).grey), face)
    assert engine.dissimilarities(engine.template(frame(colour), face), grey[None])[0] < 0.3


def test_one_odd_template_does_not_rule_a_mean(engine: ResnetEngine) -> None:
    odd = np.full(128, 9, np.float32)
    assert engine.dissimilarities(np.zeros(128, np.float32), odd[None])[0] == 2


def test_a_file_that_dlib_cannot_read_is_said_in_words(tmp_path) -> None:
    arguments = dict(engine_files.source("resnet").arguments)
    (tmp_path / "net.dat").write_bytes(b"\0" * 1000)
    with pytest.raises(EngineUnavailable, match=r"requirements/resnet\.txt"):
        load(arguments["landmarks"], str(tmp_path / "net.dat"))
    with pytest.raises(EngineUnavailable, match=r"requirements/resnet\.txt"):
        load(str(tmp_path / "none"), arguments["descriptor"])
