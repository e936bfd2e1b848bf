"""Bad pictures through the running product's socket."""

from collections.abc import Iterable

from facelogin.tests.bad_pictures import BadPicture
from tests.bad_input.sockets import CANCEL, Visitor


def in_words(reasons: Iterable[str]) -> str:
    """Say a verdict as the table does."""
    listed = ", ".join(sorted(reasons))
    return f"rejected: {listed}" if listed else "accepted"


def expected_of(picture: BadPicture) -> str:
    """Return what the sender of a picture must see."""
    return in_words(picture.reasons)


async def shown(visitor: Visitor, picture: bytes) -> str:
    """Show one picture in an attempt; return its one answer, and give the attempt up."""
    async with visitor.open() as socket:
        await socket.send(visitor.start())
        await visitor.hear(socket)
        await socket.send(picture)
        feedback = await visitor.hear(socket)
        await socket.send(CANCEL)
        end = await visitor.hear(socket)
        if (feedback["sequence"], end["type"]) != (1, "attempt.result"):
            return f"{feedback}, then {end}"
        return in_words(feedback["reasons"])
