"""Which files count as whose, and how they become frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from facelogin.evaluation.people import CannotEvaluate, all_occasions, occasions
from facelogin.evaluation.pictures import frames
from facelogin.tests import pictures


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(b"")


def test_one_folder_a_person_with_or_without_sessions(tmp_path: Path) -> None:
    touch(tmp_path, "ada/2.jpg", "ada/10.jpg", "ada/notes.txt")
    touch(tmp_path, "bob/monday/a.PNG", "bob/tuesday/b.mp4", "bob/empty/readme.md", "stray.jpg")
    touch(tmp_path, "ada/.thumbnails/2.jpg", "ada/@eaDir/2.jpg", "bob/tuesday/._b.mp4")
    found = [(each.person, each.session, each.files) for each in occasions(tmp_path, "plant")]
    assert found == [
        ("ada", "", (f"{tmp_path}/ada/2.jpg", f"{tmp_path}/ada/10.jpg")),
        ("bob", "monday", (f"{tmp_path}/bob/monday/a.PNG",)),
        ("bob", "tuesday", (f"{tmp_path}/bob/tuesday/b.mp4",)),
    ]


def test_pictures_beside_sessions_are_a_session_too(tmp_path: Path) -> None:
    touch(tmp_path, "ada/1.jpg", "ada/day 2/1.jpg", "bob/²/1.jpg")
    found = [(each.person, each.session) for each in occasions(tmp_path, "plant")]
    assert found == [("ada", ""), ("ada", "day 2"), ("bob", "²")]


def test_folders_of_one_name_are_told_apart(tmp_path: Path) -> None:
    """Person 01 of one site is not person 01 of the other."""
    for site in "ab":
        touch(tmp_path, f"{site}/faces/01/1.jpg", f"{site}/faces/02/1.jpg")
    sites = [tmp_path / "a/faces", tmp_path / "b/faces"]
    assert {each.folder for each in all_occasions(sites)} == {str(site) for site in sites}
    assert {each.folder for each in all_occasions(sites[:1])} == {"faces"}
    with pytest.raises(CannotEvaluate, match="named twice"):
        all_occasions([sites[0], tmp_path / "b/../a/faces"])


def test_a_phones_picture_is_turned_as_it_was_held(tmp_path: Path) -> None:
    picture = np.zeros((480, 640, 3), np.uint8)
    picture[:100] = 255
    plain = pictures.encode(picture)
    # Orientation 6: to be turned a quarter clockwise.
    tiff = b"II*\0\x08\0\0\0" + b"\x01\0" + b"\x12\x01\x03\0\x01\0\0\0\x06\0\0\0" + b"\0" * 4
    exif = b"Exif\0\0" + tiff
    marker = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big")
    (tmp_path / "a.jpg").write_bytes(plain[:2] + marker + exif + plain[2:])
    (frame,) = frames(str(tmp_path / "a.jpg"))
    assert frame is not None and frame.grey.shape == (640, 480)
    assert frame.grey[:, -1].mean() > 250 and frame.grey[:, 0].mean() < 5


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotEvaluate, match=r"there is no folder .*nowhere"):
        occasions(tmp_path / "nowhere", "plant")


def test_one_person_is_nobody_to_compare_with(tmp_path: Path) -> None:
    touch(tmp_path, "ada/1.jpg", "stray.jpg")
    with pytest.raises(CannotEvaluate, match="fewer than two people: put one folder per person"):
        occasions(tmp_path, "plant")


def test_a_picture_is_one_frame_in_colour(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(pictures.encode(np.full((480, 640, 3), (0, 0, 255), np.uint8), ".png"))
    (frame,) = frames(str(file))
    assert frame is not None and frame.grey.shape == (480, 640)
    assert frame.colour[0, 0].tolist() == [0, 0, 255]


def test_a_tight_crop_gets_room_around_it(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(pictures.encode(np.full((112, 92), 90, np.uint8), ".png"))
    (frame,) = frames(str(file))
    assert frame is not None and frame.grey.shape == (2 * (112 + 80), 2 * (92 + 80))


@pytest.mark.parametrize("name", ["a.jpg", "a.mp4"])
def test_what_cannot_be_read_is_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no picture")
    assert list(frames(str(tmp_path / name))) == [None]
    assert list(frames(str(tmp_path / f"not-there-{name}"))) == [None]


def test_a_video_gives_five_frames_a_second(tmp_path: Path) -> None:
    file = str(tmp_path / "a.avi")
    video = cv2.VideoWriter(file, cv2.VideoWriter.fourcc(*"MJPG"), 20, (320, 240))
    for number in range(40):
        video.write(np.full((240, 320, 3), 5 * number, np.uint8))
    video.release()
    found = [frame for frame in frames(file) if frame is not None]
    assert len(found) == 10
    brightness = [float(frame.grey.mean()) for frame in found]
    assert brightness == pytest.approx([20 * n for n in range(10)], abs=4)
