"""Running a cascade over a picture: some sizes first, the others only around what was found.

OpenCV's own search looks at every size. Nearly all of its time goes into small sizes at which
nothing is; a face, though, is seen at many sizes in a row. The boxes are OpenCV's own as long as a
face that counts was seen at one of the sizes looked at first (decision 37 says how that was tried).
"""

from dataclasses import dataclass

import cv2

from facelogin.recognition.types import Grey

SCALE_STEP = 1.1  # from one size to the next
NEIGHBOURS = 5
# OpenCV merges boxes whose edges are nearer than this share of their size ...
MERGED_WITHIN = 0.2
# ... so one inside another up to 1.1 ** 3 times its size: hits further apart are never one face.
REACH = 3  # sizes


@dataclass(frozen=True)
class Found:
    """A square in pixels of the picture searched, and how many hits were merged into it."""

    x: int
    y: int
    side: int
    votes: int


Hits = list[tuple[int, int, int, int]]


def search(
    cascade: cv2.CascadeClassifier,
    picture: Grey,
    smallest: int,
    *,
    stride: int,
    least_share: float = 0.0,
    largest: int | None = None,
) -> list[Found]:
    """Return what the cascade sees, from `smallest` pixels up to the whole picture.

    Parameters
    ----------
    cascade : cv2.CascadeClassifier
    picture : (height, width) uint8
    smallest : int
        Side in pixels of the smallest square looked for.
    stride : int
        1 looks at every size, 2 at every second one first, and so on.
    least_share : float
        Squares under this share (0..1) of the surest one's side do not matter and are not looked
        for.
    largest : int, optional
        Side in pixels of the largest square looked for; the whole picture's unless given.
    """
    most = min(largest or min(picture.shape), *picture.shape)
    sizes = _sizes(cascade.getOriginalWindowSize()[0], smallest, most)
    hits: dict[int, Hits] = {}
    found: list[Found] = []
    least = 0.0
    for rung in reversed(range(0, len(sizes), stride)):
        if _look(cascade, picture, sizes, rung, hits):
            found = _merge(hits)
            surest = max(found, key=lambda square: square.votes, default=None)
            least = least_share * surest.side if surest else 0.0
        if rung and sizes[rung - 1] < least:
            break
    return found


def _sizes(window: int, smallest: int, largest: int) -> list[int]:
    """Return the sides that OpenCV's search goes through, by its own rounding."""
    sizes, factor = [], 1.0
    while (side := round(window * factor)) <= largest:
        if side >= smallest:
            sizes.append(side)
        factor *= SCALE_STEP
    return sizes


def _look(
    cascade: cv2.CascadeClassifier,
    picture: Grey,
    sizes: list[int],
    rung: int,
    hits: dict[int, Hits],
) -> bool:
    """Look at one size, and at those around it as long as something is seen; say whether it was."""
    waiting = {rung}
    while waiting:
        at = waiting.pop()
        if at not in hits:
            hits[at] = _hits(cascade, picture, sizes[at])
            if hits[at]:
                waiting |= set(range(max(0, at - REACH), min(len(sizes), at + REACH + 1)))
    return bool(hits[rung])


def _hits(cascade: cv2.CascadeClassifier, picture: Grey, side: int) -> Hits:
    found, _ = cascade.detectMultiScale2(
        picture,
        scaleFactor=SCALE_STEP,
        minNeighbors=0,
        minSize=(side, side),
        maxSize=(side, side),
    )
    # Hits over the edge by a pixel come back cut; merged with others they must have their own size.
    return [(int(x), int(y), side, side) for x, y, _, _ in found]


def _merge(hits: dict[int, Hits]) -> list[Found]:
    boxes, votes = cv2.groupRectangles(
        [hit for rung in sorted(hits) for hit in hits[rung]], NEIGHBOURS, MERGED_WITHIN
    )
    return [
        Found(int(x), int(y), int(side), int(count))
        for (x, y, side, _), count in zip(boxes, votes, strict=True)
    ]
