"""One frame in, one observation out: the steps in order, the cheap ones first."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from facelogin.recognition import alignment, quality, scoring
from facelogin.recognition.alignment import EyeFinder
from facelogin.recognition.detection import FRONTAL, PROFILE, Detector
from facelogin.recognition.engines import Engine
from facelogin.recognition.frame import Frame
from facelogin.recognition.heading import Heading
from facelogin.recognition.imaging import fingerprint, has_few_scans, jpeg_size
from facelogin.recognition.scoring import Background, Cohort
from facelogin.recognition.types import (
    Face,
    FaceRegion,
    Grey,
    Observation,
    Reason,
    Reference,
    Template,
)

CASCADES = (FRONTAL, PROFILE, alignment.ON_THE_LEFT, alignment.ON_THE_RIGHT)
MAX_FRAME_PIXELS = 1280 * 960  # judged from the header, before anything is decoded


class Recognizer:
    """Everything one process needs to look at frames; built once, used for all people.

    Parameters
    ----------
    cascades : mapping of str to str
        The XML texts named in CASCADES.
    engines : sequence of Engine
        The first makes new references; the others can still compare with the references they made
        while people enrol anew.

    Raises
    ------
    ValueError
        If a cascade does not load.
    """

    def __init__(self, cascades: Mapping[str, str], engines: Sequence[Engine]) -> None:
        self._detector = Detector(cascades)
        self._eyes = EyeFinder(cascades)
        self._engines = {engine.name: engine for engine in engines}
        self.engine = engines[0].name

    def observe(
        self,
        jpeg: bytes,
        engine: str | None = None,
        near: FaceRegion | None = None,
        *,
        with_heading: bool = False,
    ) -> Observation:
        """Look at one frame; any bytes get an answer.

        Parameters
        ----------
        jpeg : bytes
        engine : str, optional
            Whose template is wanted; that of new references unless given.
        near : FaceRegion, optional
            Where the face was in the frame before.
        with_heading : bool
            Say which way the head is turned; a turned one is then followed as well.

        Raises
        ------
        ValueError
            If there is no such engine here.
        """
        size = jpeg_size(jpeg)
        if size is None:
            return Observation((Reason.UNDECODABLE,))
        if size[0] * size[1] > MAX_FRAME_PIXELS:
            return Observation((Reason.TOO_MANY_PIXELS,))
        frame = Frame.from_bytes(jpeg) if has_few_scans(jpeg) else None
        if frame is None:
            return Observation((Reason.UNDECODABLE,))
        return self.observe_frame(frame, engine, near, with_heading=with_heading)

    def observe_frame(
        self,
        frame: Frame,
        engine: str | None = None,
        near: FaceRegion | None = None,
        *,
        with_heading: bool = False,
    ) -> Observation:
        """Look at one decoded frame; see `observe`."""
        if not with_heading:
            return self._observe(frame, engine, self._faces(frame.grey, near))
        grey = frame.grey
        head = self._detector.head_near(grey, near) if near else None
        if head is None:
            faces = self._faces(grey, None)
            # Where nothing was followed, the place comes first and the heading from around it.
            head = self._detector.head_near(grey, faces[0].box.region(grey)) if faces else None
            if head is None or len(faces) > 1:
                return self._observe(frame, engine, faces)
        box, way = head
        if way is Heading.STRAIGHT:
            return replace(self._observe(frame, engine, [Face(box)]), heading=way)
        region = box.region(grey)
        return Observation(
            (Reason.NOT_FRONTAL,), region, fingerprint=fingerprint(grey), heading=way
        )

    def _observe(self, frame: Frame, engine: str | None, faces: Sequence[Face]) -> Observation:
        """Judge the faces that were found."""
        maker = self._engine(engine or self.engine)
        grey = frame.grey
        seen = fingerprint(grey)
        if not faces:
            turned = self._detector.is_profile(grey)
            reason = Reason.NOT_FRONTAL if turned else Reason.NO_FACE
            return Observation((reason,), fingerprint=seen)
        if len(faces) > 1:
            return Observation((Reason.SEVERAL_FACES,), fingerprint=seen)
        face = faces[0]
        reasons = quality.judge(grey, face.box)
        if reasons:
            return Observation(reasons, face.box.region(grey), fingerprint=seen)
        eyes = face.eyes or self._eyes.find(grey, face.box)
        template = maker.template(frame, Face(face.box, eyes))
        return Observation((), face.box.region(grey), template, seen)

    def _faces(self, grey: Grey, near: FaceRegion | None) -> list[Face]:
        """Look near the last face, else everywhere, else everywhere with contrast raised."""
        if near is not None and (box := self._detector.face_near(grey, near)) is not None:
            return [Face(box)]
        if boxes := self._detector.faces(grey):
            return [Face(box) for box in boxes]
        doubtful = self._detector.faces_in_bad_light(grey)
        seen = [Face(box, self._eyes.find(grey, box, both=True)) for box in doubtful]
        return [face for face in seen if face.eyes]

    def dissimilarity(
        self, probe: Template, reference: Reference, background: Background | None = None
    ) -> float:
        """Compare a probe with one person's reference, as the engine that made it does.

        With a background the score is normalised; see `scoring.s_norm`.

        Raises
        ------
        ValueError
            If that engine is not here, or the probe or the background is another's.
        """
        engine = self._engine(reference.engine)
        if background is None:
            return scoring.dissimilarity(engine, probe, reference)
        return scoring.normalised(engine, probe, reference, background)

    def background(self, reference: Reference, cohort: Cohort, limit: float) -> Background:
        """Compare a cohort with one claimed person's reference, once for many probes.

        `limit` is the plain score over which nothing matches.

        Raises
        ------
        ValueError
            If the engine is not here, or the cohort is another's.
        """
        return scoring.background(self._engine(reference.engine), reference, cohort, limit)

    def _engine(self, name: str) -> Engine:
        if name not in self._engines:
            raise ValueError(f"no engine {name!r} here; there are: {', '.join(self._engines)}")
        return self._engines[name]
