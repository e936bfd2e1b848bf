"""Face recognition as pure functions and values: arrays in, values out.

The only door to this package. No Django, clock, log, disk or network behind it.
"""

import cv2

from facelogin.recognition.calibration import CalibrationTable
from facelogin.recognition.challenge import Challenge, Step
from facelogin.recognition.challenge import draw as draw_challenge
from facelogin.recognition.engines import ENGINES, Engine, EngineKind
from facelogin.recognition.enrolment import EXTENSION_SAMPLES, WANTED_SAMPLES, Enrolment
from facelogin.recognition.errors import CalibrationError, EngineUnavailable, EnrolmentRefused
from facelogin.recognition.following import WHOLE_SEARCH_EVERY, Following
from facelogin.recognition.frame import Frame
from facelogin.recognition.heading import Heading
from facelogin.recognition.pad import FrameHistory
from facelogin.recognition.recognizer import CASCADES, MAX_FRAME_PIXELS, Recognizer
from facelogin.recognition.scoring import (
    COHORT_LEAST,
    COHORT_PEOPLE,
    Background,
    Cohort,
    dissimilarity,
    pool,
    s_norm,
)
from facelogin.recognition.turning import TurningVerification
from facelogin.recognition.types import (
    Box,
    Colour,
    Face,
    FaceRegion,
    Fingerprint,
    Grey,
    Observation,
    Reason,
    Reference,
    Template,
)
from facelogin.recognition.variety import Variety, Wish
from facelogin.recognition.verification import FRAMES_WANTED, Verdict, Verification

__all__ = [
    "CASCADES",
    "COHORT_LEAST",
    "COHORT_PEOPLE",
    "ENGINES",
    "EXTENSION_SAMPLES",
    "FRAMES_WANTED",
    "MAX_FRAME_PIXELS",
    "WANTED_SAMPLES",
    "WHOLE_SEARCH_EVERY",
    "Background",
    "Box",
    "CalibrationError",
    "CalibrationTable",
    "Challenge",
    "Cohort",
    "Colour",
    "Engine",
    "EngineKind",
    "EngineUnavailable",
    "Enrolment",
    "EnrolmentRefused",
    "Face",
    "FaceRegion",
    "Fingerprint",
    "Following",
    "Frame",
    "FrameHistory",
    "Grey",
    "Heading",
    "Observation",
    "Reason",
    "Recognizer",
    "Reference",
    "Step",
    "Template",
    "TurningVerification",
    "Variety",
    "Verdict",
    "Verification",
    "Wish",
    "dissimilarity",
    "draw_challenge",
    "limit_threads",
    "pool",
    "s_norm",
]


def limit_threads(count: int) -> None:
    """Let OpenCV use so many threads in this process; one process per core needs one each."""
    cv2.setNumThreads(count)
