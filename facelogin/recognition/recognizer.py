"""One frame in, one observation out: the steps in order, the cheap ones first."""

from collections.abc import Mapping

from facelogin.recognition import quality
from facelogin.recognition.detection import Box, Detector
from facelogin.recognition.engines import ENGINES
from facelogin.recognition.imaging import decode_grey, fingerprint, has_few_scans, jpeg_size
from facelogin.recognition.types import Grey, Observation, Reason, Reference, Template

MAX_FRAME_PIXELS = 1280 * 960  # judged from the header, before anything is decoded


class Recognizer:
    """Everything one process needs to look at frames; built once, used for all people.

    Parameters
    ----------
    cascades : mapping of str to str
        The XML texts named in CASCADES.
    engine : str
        Name of an engine in ENGINES.

    Raises
    ------
    ValueError
        If a cascade does not load or the engine does not exist.
    """

    def __init__(self, cascades: Mapping[str, str], engine: str) -> None:
        if engine not in ENGINES:
            raise ValueError(f"no engine {engine!r}; there are: {', '.join(sorted(ENGINES))}")
        self._detector = Detector(cascades)
        self._engine = ENGINES[engine]()

    def observe(self, jpeg: bytes) -> Observation:
        """Look at one frame; any bytes get an answer."""
        size = jpeg_size(jpeg)
        if size is None:
            return Observation((Reason.UNDECODABLE,))
        if size[0] * size[1] > MAX_FRAME_PIXELS:
            return Observation((Reason.TOO_MANY_PIXELS,))
        grey = decode_grey(jpeg) if has_few_scans(jpeg) else None
        if grey is None:
            return Observation((Reason.UNDECODABLE,))
        return self.observe_grey(grey)

    def observe_grey(self, grey: Grey) -> Observation:
        """Look at one decoded frame, (height, width) uint8."""
        seen = fingerprint(grey)
        faces = self._detector.faces(grey)
        if not faces:
            turned = self._detector.is_profile(grey)
            reason = Reason.NOT_FRONTAL if turned else Reason.NO_FACE
            return Observation((reason,), fingerprint=seen)
        if len(faces) > 1:
            return Observation((Reason.SEVERAL_FACES,), fingerprint=seen)
        face = faces[0]
        reasons = quality.judge(grey, face)
        template = None if reasons else self._engine.template(inner_face(face).cut(grey))
        return Observation(reasons, face.region(grey), template, seen)

    def dissimilarity(self, probe: Template, reference: Reference) -> float:
        """Compare a probe with one person's reference.

        Raises
        ------
        ValueError
            If another engine made the reference.
        """
        if reference.engine != self._engine.name:
            raise ValueError(f"{self._engine.name} cannot compare {reference.engine} templates")
        return self._engine.dissimilarity(probe, reference)


def inner_face(box: Box) -> Box:
    """Return the part of a Haar box that is face on everybody: without hair, ears, background."""
    margin = box.side // 10
    return Box(box.x + margin, box.y + margin, box.side - 2 * margin)
