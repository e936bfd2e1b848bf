"""Is this face good enough to be a sample? If not, why, so that the person can mend it."""

import cv2

from facelogin.recognition.types import Box, Grey, Reason

SMALLEST_FACE_PIXELS = 80  # width; below it the patterns of a face are interpolation
LARGEST_FACE_SHARE = 0.85  # of the frame's height; nearer, a wide-angle camera bends the face
# The face's centre may leave the frame's centre by this share of the frame.
OFF_CENTRE_SHARE = 0.33
DARKEST_MEAN, BRIGHTEST_MEAN = 30.0, 245.0  # grey levels of 255, over the inner face
WHITE = 250  # grey level of 255 from which a camera shows no differences any more
# Share of pixels at an end of the range: there is nothing left to see in them.
BURNT_SHARE = 0.75
# Difference of the two halves' means over their mean: lit from one side.
UNEVEN_LIMIT = 0.75
JUDGED_SIDE = 96  # px; sharpness is judged at one size, so that near and far are equal
LEAST_SHARPNESS = 6.0  # see _sharpness


def judge(grey: Grey, box: Box) -> tuple[Reason, ...]:
    """Return why the face in the box is no sample; empty if it is one."""
    reasons: list[Reason] = []
    height, width = grey.shape
    if box.side < SMALLEST_FACE_PIXELS:
        reasons.append(Reason.TOO_SMALL)
    if box.side > LARGEST_FACE_SHARE * height:
        reasons.append(Reason.TOO_LARGE)
    centre_x = (box.x + box.side / 2) / width - 0.5
    centre_y = (box.y + box.side / 2) / height - 0.5
    if max(abs(centre_x), abs(centre_y)) > OFF_CENTRE_SHARE:
        reasons.append(Reason.OFF_CENTRE)
    reasons += _judge_light(box.cut(grey))
    if not reasons and _sharpness(box.cut(grey)) < LEAST_SHARPNESS:
        reasons.append(Reason.BLURRED)
    return tuple(reasons)


def _judge_light(face: Grey) -> list[Reason]:
    """Judge the inner face: hair and background are at the box's edges."""
    margin = face.shape[0] // 6
    inner = face[margin:-margin, margin:-margin] if margin else face
    mean = float(inner.mean())
    if mean < DARKEST_MEAN:
        return [Reason.TOO_DARK]
    if mean > BRIGHTEST_MEAN or float((inner > WHITE).mean()) > BURNT_SHARE:
        return [Reason.TOO_BRIGHT]
    half = inner.shape[1] // 2
    left, right = float(inner[:, :half].mean()), float(inner[:, half:].mean())
    if abs(left - right) > UNEVEN_LIMIT * (left + right) / 2:
        return [Reason.UNEVEN_LIGHT]
    return []


def _sharpness(face: Grey) -> float:
    """Return the variance of the Laplacian relative to the face's own contrast squared.

    A dim face has small differences without being blurred, so contrast is divided out.
    """
    square = cv2.resize(face, (JUDGED_SIDE, JUDGED_SIDE), interpolation=cv2.INTER_AREA)
    contrast = max(float(square.std()), 1.0)
    return float(cv2.Laplacian(square, cv2.CV_32F).var()) / contrast**2 * 100
