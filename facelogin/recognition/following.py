"""Where the face was in the frame before: near there it is found in a third of the time."""

from facelogin.recognition.types import FaceRegion

# Somebody else in the picture is seen in whole searches only. A verdict takes five samples or more
# and an enrolment thirteen, so at least one of them rests on a whole search.
WHOLE_SEARCH_EVERY = 5
# A turned head that a frame did not show is looked for where it was: whole searches find faces that
# look straight. After so many, of five a second, the challenge has given it up.
MISSED_TURNED = 7


class Following:
    """Follows the face of one attempt from frame to frame."""

    def __init__(self) -> None:
        self._last: FaceRegion | None = None
        self._missed = self._since_whole = 0  # frames

    def near(self, *, may_be_turned: bool = False) -> FaceRegion | None:
        """Return where to look for the face in the next frame; None: everywhere.

        A whole search finds faces that look straight; a head that may be turned is followed without
        one, and over some frames in which it was not seen.
        """
        is_due = self._since_whole >= WHOLE_SEARCH_EVERY - 1 and not may_be_turned
        is_lost = self._missed > (MISSED_TURNED if may_be_turned else 0)
        if self._last is None or is_lost or is_due:
            self._since_whole = 0
            return None
        self._since_whole += 1
        return self._last

    def saw(self, face: FaceRegion | None) -> None:
        """Note where the face was; None if there was none, or more than one."""
        if face is None:
            self._missed += 1
        else:
            self._last, self._missed = face, 0
