"""What makes a drawn person that person: every measure drawn once from the seed."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from tests.drawing.texture import Colour

HairStyle = Literal["short", "parted", "fringe", "long", "receding"]

# Blue, green, red under neutral light, fair to dark.
SKINS: tuple[Colour, ...] = (
    (0.66, 0.75, 0.92),
    (0.62, 0.72, 0.90),
    (0.57, 0.68, 0.88),
    (0.49, 0.61, 0.83),
    (0.41, 0.53, 0.75),
    (0.33, 0.44, 0.65),
)
HAIRS: tuple[Colour, ...] = (
    (0.09, 0.10, 0.13),
    (0.11, 0.15, 0.22),
    (0.14, 0.22, 0.34),
    (0.24, 0.38, 0.54),
    (0.42, 0.58, 0.72),
    (0.12, 0.24, 0.48),
)
DARK_HAIRS = HAIRS[:2]
GREY_HAIRS: tuple[Colour, ...] = ((0.44, 0.46, 0.48), (0.58, 0.60, 0.62))
IRISES: tuple[Colour, ...] = (
    (0.10, 0.18, 0.30),
    (0.14, 0.26, 0.40),
    (0.55, 0.44, 0.30),
    (0.34, 0.42, 0.34),
    (0.48, 0.46, 0.42),
)
CLOTHES: tuple[Colour, ...] = (
    (0.42, 0.28, 0.18),
    (0.25, 0.24, 0.24),
    (0.62, 0.56, 0.48),
    (0.30, 0.22, 0.46),
    (0.32, 0.40, 0.22),
    (0.74, 0.74, 0.72),
    (0.55, 0.42, 0.26),
    (0.20, 0.42, 0.62),
)
STYLES: tuple[HairStyle, ...] = ("short", "parted", "fringe", "long", "long", "receding")


@dataclass(frozen=True)
class Traits:
    """Measures in units of half a head's width; colours as blue, green, red 0..1."""

    seed: int
    skin: Colour
    hair: Colour
    iris: Colour
    cloth: Colour
    style: HairStyle
    parting: float
    hairline: float
    hair_sweep: float
    head_width: float
    chin_y: float
    jaw_taper: float
    squareness: float
    eye_x: float
    eye_half_width: float
    eye_opening: float
    eye_tilt: float
    brow_y: float
    brow_arch: float
    brow_thickness: float
    brow_tilt: float
    nose_width: float
    nose_length: float
    nose_height: float
    mouth_y: float
    mouth_half_width: float
    mouth_curve: float
    lip_fullness: float
    lip_redness: float
    cheekbones: float
    beard: float
    freckles: float
    age: float


def draw_traits(seed: int) -> Traits:
    """Return the traits of person number `seed`."""
    random = np.random.default_rng([seed, 1])

    def between(low: float, high: float) -> float:
        return float(random.uniform(low, high))

    def one_of(choices: tuple[Colour, ...]) -> Colour:
        return vary(choices[int(random.integers(len(choices)))])

    def vary(chosen: Colour) -> Colour:
        blue, green, red = (float(c * random.uniform(0.95, 1.05)) for c in chosen)
        return blue, green, red

    style = STYLES[int(random.integers(len(STYLES)))]
    age = between(0.1, 1.0)
    tone = int(random.integers(len(SKINS)))
    is_dark = tone >= 4
    hairs = GREY_HAIRS if age > 0.8 else DARK_HAIRS if is_dark else HAIRS
    can_have_beard = style != "long"
    return Traits(
        seed=seed,
        skin=vary(SKINS[tone]),
        hair=one_of(hairs),
        iris=one_of(IRISES),
        cloth=one_of(CLOTHES),
        style=style,
        parting=between(-0.45, 0.45),
        hair_sweep=between(-0.45, 0.45),
        hairline=between(-1.02, -0.84),
        head_width=between(0.93, 1.04),
        chin_y=between(1.34, 1.55),
        jaw_taper=between(0.22, 0.4),
        squareness=between(2.15, 2.6),
        eye_x=between(0.37, 0.47),
        eye_half_width=between(0.175, 0.235),
        eye_opening=between(0.064, 0.108),
        eye_tilt=between(-0.035, 0.06),
        brow_y=between(-0.42, -0.27),
        brow_arch=between(0.02, 0.09),
        brow_thickness=between(0.035, 0.07) * (0.7 if style == "long" else 1.0),
        brow_tilt=between(-0.06, 0.06),
        nose_width=between(0.85, 1.25),
        nose_length=between(0.35, 0.55),
        nose_height=between(0.8, 1.15),
        mouth_y=between(0.76, 0.95),
        mouth_half_width=between(0.32, 0.42),
        mouth_curve=between(0.03, 0.08),
        lip_fullness=between(0.7, 1.25),
        lip_redness=between(0.75, 1.1) if style == "long" else between(0.2, 0.6),
        cheekbones=between(0.5, 1.2),
        beard=between(0.15, 1.0) if can_have_beard and random.random() < 0.5 else 0.0,
        freckles=between(0.2, 1.0) if random.random() < 0.45 and not is_dark else 0.0,
        age=age,
    )
