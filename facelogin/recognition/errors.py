"""What can go wrong that a caller must decide about."""


class EnrolmentRefused(Exception):  # noqa: N818  (an outcome: failure to enrol)
    """The finished reference did not recognise its own left-out samples."""


class CalibrationError(Exception):
    """The calibration table cannot answer for this false match rate; the message says why."""


class EngineUnavailable(Exception):  # noqa: N818  (an outcome)
    """An engine cannot be loaded; the message says why and what to do."""
