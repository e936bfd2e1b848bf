"""Sign-ins of real people in a real browser, where the research pictures are at hand."""

from pathlib import Path

import pytest

from tests import browser
from tests.feeds import frames_of_folder, write_mjpeg
from tests.product import Product
from tests.test_browser import enrol_somebody, refusal, sign_in

FACES = Path(__file__).parent.parent.parent / "shared/faces/webcam"
# Twenty pictures are all there is of half a session: each is held for a third of a second.
HELD = 10


@pytest.mark.skipif(not FACES.is_dir(), reason="the research pictures are not on this machine")
@pytest.mark.parametrize(
    ("mine", "theirs"), [("0002/session1", "0003/session1"), ("0010/session3", "0011/session3")]
)
def test_real_people(
    product: Product, tmp_path: Path, username: str, mine: str, theirs: str
) -> None:
    """Enrolled on the first half of a session, verified on the second; somebody else refused."""
    own, other = frames_of_folder(FACES / mine), frames_of_folder(FACES / theirs)
    half = len(own) // 2
    first = write_mjpeg(tmp_path / "first.mjpeg", own[:half], hold=HELD)
    second = write_mjpeg(tmp_path / "second.mjpeg", own[half:], hold=HELD)
    stranger = write_mjpeg(tmp_path / "stranger.mjpeg", other, hold=HELD)
    enrol_somebody(product, first, username)
    with browser.browser(second) as page:
        sign_in(page, product, username)
    assert "not recognised" in refusal(product, stranger, username)
