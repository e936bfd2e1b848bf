"""Writes docs/bad-input.md: every case, what the client saw, what the log said, the next sign-in.

    make bad-input

Runs the product, every case of the tests' tables against it, and a whole sign-in (password and
face) after each.
"""

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from facelogin.tests.bad_pictures import PICTURES, BadPicture
from tests.bad_input.person import Person, SignInFailed
from tests.bad_input.pictures import expected_of, shown
from tests.bad_input.raw import exchange
from tests.bad_input.requests import BODIES, HANDSHAKES, HEADERS, HOSTS, LINES, RequestCase
from tests.bad_input.sockets import SOCKETS, SocketCase, Visitor
from tests.bad_input.watching import anonymous, watched
from tests.drawn_faces import Person as Drawn
from tests.drawn_faces import frames
from tests.feeds import jpeg
from tests.product import Product, running_product

PAGE = Path(__file__).parents[2] / "docs/bad-input.md"
FINE = "fine"

INTRODUCTION = """\
# Bad input

What was sent, what the client saw, what the log said, and whether the next sign-in (password and
face) worked. Written by `make bad-input` from the same cases that the tests run; never by hand.
`make fuzz` adds what nobody thought of: flipped bits, shuffled messages, mangled JSON.

A frame of a picture is answered by one `capture.feedback`; its verdict and reasons are shown. A
socket's end is shown as its last message and close code. "400, no body" is what the server below
Django says to what it will not read: no HTTP, a thousand headers, a form without a boundary, an
unknown version of WebSocket; "connection closed" is what it does to a line longer than 16 KiB. Log
lines are without times and ids.
"""

SECTIONS: dict[str, list[BadPicture] | list[SocketCase] | list[RequestCase]] = {
    "Pictures": PICTURES,
    "Sockets": SOCKETS,
    "Host names and forwarded headers": HOSTS,
    "Request lines and paths": LINES,
    "Headers": HEADERS,
    "Bodies": BODIES,
    "Handshakes": HANDSHAKES,
}


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    seen: str
    log: str
    next_sign_in: str

    def __str__(self) -> str:
        cells = (self.name, self.seen, self.log, self.next_sign_in)
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def expected(case: BadPicture | SocketCase | RequestCase) -> str:
    """Return what a case's client must see, as the table says it."""
    return expected_of(case) if isinstance(case, BadPicture) else case.sees


def rows(page: str) -> dict[str, tuple[str, str]]:
    """Return the names in a written page, with what was seen and how the next sign-in went."""
    found = {}
    for line in page.splitlines():
        cells = [
            cell.strip().replace("\0", "|") for cell in line.replace("\\|", "\0").split("|")[1:-1]
        ]
        if len(cells) == 4 and cells[0] != "case" and not cells[0].startswith("---"):
            found[cells[0]] = (cells[1], cells[3])
    return found


class Run:
    """One product and one honest person for all cases."""

    def __init__(self, product: Product, person: Person) -> None:
        self.product, self.person = product, person
        self.token = person.new_account()

    def _see(self, case: BadPicture | SocketCase | RequestCase) -> str:
        if isinstance(case, RequestCase):
            return str(exchange(self.product.port, case.sent, self.token))
        visitor = Visitor(self.product)
        act: Callable[[Visitor], object] = (
            case.act if isinstance(case, SocketCase) else lambda v: shown(v, case.make())
        )
        seen: str = asyncio.run(act(visitor))  # type: ignore[arg-type]
        return seen

    def row(self, case: BadPicture | SocketCase | RequestCase) -> Row:
        """Run one case and a sign-in."""
        with watched(self.product) as trace:
            seen = self._see(case)
        lines = [line for line in anonymous(trace.log) if not line.startswith(" ")]
        said = "<br>".join(f"`{line.replace('`', chr(39))}`" for line in lines) or "nothing"
        if trace.lost_workers:
            said += "<br>**a worker was lost**"
        try:
            self.person.sign_in()
            fate = FINE
        except SignInFailed as failed:
            fate = f"**failed: {failed}**"
        return Row(case.name, seen, said, fate)


def _page(run: Run) -> Iterator[str]:
    yield INTRODUCTION
    for title, cases in SECTIONS.items():
        yield f"\n## {title}\n\n| case | the client saw | the log said | next sign-in |"
        yield "\n|---|---|---|---|\n"
        for case in cases:
            row = run.row(case)
            print(f"{title}: {row.name}: {row.seen}", flush=True)
            yield f"{row}\n"


def main() -> int:
    """Write the page; 1 if anything in it is not as the cases say."""
    with tempfile.TemporaryDirectory(prefix="kubevision-bad-input-") as folder:
        pictures = [jpeg(frame) for frame in frames(Drawn(1), 40, seed=3)]
        with running_product(Path(folder), FACELOGIN_WORKERS="1") as product:
            page = "".join(_page(Run(product, Person(product, pictures))))
    PAGE.write_text(page)
    wrong = [
        f"{case.name}: {seen}, not {expected(case)}; next sign-in {fate}"
        for cases in SECTIONS.values()
        for case in cases
        for seen, fate in [rows(page)[case.name]]
        if (seen, fate) != (expected(case), FINE)
    ]
    print("\n".join(wrong) or f"all of {len(rows(page))} cases as expected: {PAGE}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
