"""QR codes as pictures in a page."""

import segno
from django.utils.safestring import SafeString

# Empty modules around the code, as ISO/IEC 18004 wants them; scanners need them.
QUIET_ZONE = 4


def svg_of(text: str, title: str) -> SafeString:
    """Return a QR code as SVG, dark on white in every theme, as scanners need it.

    It holds neither styles nor scripts, and no text but the title; its size is the page's to say.
    """
    picture = segno.make(text, error="m", micro=False).svg_inline(
        border=QUIET_ZONE, dark="#000", light="#fff", omitsize=True, lineclass=None, title=title
    )
    return SafeString(picture)
