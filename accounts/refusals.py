"""The one exception by which accounts says no, whatever door the question came through."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """The limit that was reached: so many tries, in so many seconds if it has a window."""

    name: str
    tries: int
    window_seconds: int | None = None


class Refused(Exception):  # noqa: N818  (an answer, not a fault)
    """A refusal with one of the contract's codes.

    Parameters
    ----------
    code : str
        The stable snake_case code of the contract.
    errors : mapping, optional
        Field name to sentences, for bad input.
    retry_after : int, optional
        Seconds after which asking again makes sense.
    extra : mapping, optional
        Further members of the answer that the contract names for this code.
    detail : str, optional
        What to do next, where that differs from what the code usually asks for.
    limit : Limit, optional
        Which limit was reached, with too_many_attempts.
    """

    def __init__(
        self,
        code: str,
        *,
        errors: Mapping[str, Sequence[object]] | None = None,
        retry_after: int | None = None,
        extra: Mapping[str, str] | None = None,
        detail: object = None,
        limit: Limit | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.errors = errors
        self.retry_after = retry_after
        self.extra = extra or {}
        self.detail = detail
        self.limit = limit
