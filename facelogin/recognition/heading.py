"""Which way a head is turned: what the frontal cascade and the profile cascade see of it.

The profile cascade knows faces turned to the picture's left; on the mirrored picture it finds those
turned to the right. As a head turns, the votes of the frontal cascade fall while those of one side
rise, without a gap between them; of a still picture, however it is held, the frontal one keeps the
most. So the votes are compared, which also holds where a cascade never falls quite silent.
"""

from enum import StrEnum

# Votes of one side over those of the frontal cascade from which a head counts as turned; a drawn
# head reaches it at 35 to 40 degrees. docs/presentation-attacks.md has the votes of photos and of
# people who look straight.
TURNED = 1.5
# The other side may see something, too, but only so much of what the turned side sees.
OTHER_SIDE = 0.5
# Frontal votes over those of either side from which a head counts as straight; in between it is on
# its way, which is neither.
STRAIGHT = 1.0
# Frontal votes from which a head counts as straight without asking the sides: turned ones kept 42
# at the most (same document). One that is only beginning to turn may have as many.
SURELY_STRAIGHT = 50


class Heading(StrEnum):
    """Where a head points, as the person would say it: their own left and right."""

    STRAIGHT = "straight"
    LEFT = "left"
    RIGHT = "right"
    BETWEEN = "between"


def heading(frontal: int, left: int, right: int) -> Heading:
    """Return where a head points.

    Parameters
    ----------
    frontal, left, right : int
        Votes of the frontal cascade, and of the profile cascade for a head turned to the person's
        own left and right; 0 where nothing was found.
    """
    turned, other = max(left, right), min(left, right)
    if turned > TURNED * frontal and other <= OTHER_SIDE * turned:
        return Heading.LEFT if left > right else Heading.RIGHT
    return Heading.STRAIGHT if frontal >= STRAIGHT * turned else Heading.BETWEEN
