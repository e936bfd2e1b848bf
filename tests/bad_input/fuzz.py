"""What nobody thought of, at random, with a seed: `make fuzz`, or a little of it in `make test`.

    make fuzz                          10 000 of each kind, a seed of its own
    make fuzz FUZZ=500 SEED=7          fewer, repeatable
    make fuzz SEED=7 ONLY=messages:123 one of them again

What fails is saved below var/fuzz/ and named with the command that repeats it.
"""

import asyncio
import json
import os
import secrets
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.exceptions import ConnectionClosed

from facelogin.protocol import CLOSE_CODES
from facelogin.recognition import Reason
from facelogin.tests.bad_pictures import flipped, good
from facelogin.tests.conftest import empty_frame
from facelogin.tests.pictures import recognizer
from kubevision import contracts
from tests.bad_input.mutation import Random, mangled_json, mangled_text, pick
from tests.bad_input.person import Person
from tests.bad_input.sockets import CANCEL, PIECE, Visitor
from tests.bad_input.watching import watched
from tests.drawn_faces import Person as Drawn
from tests.drawn_faces import frames
from tests.feeds import jpeg
from tests.product import Product, running_product

FAILURES = Path(__file__).parents[2] / "var/fuzz"
REASONS = frozenset(reason.value for reason in Reason)
MOST_FAILURES = 10  # more would say the same, each after a while of waiting
AT_ONCE = 4  # sockets; what fails is found among so many


class Failed(AssertionError):  # noqa: N818  (an outcome)
    """One input was not answered as it must be."""


@dataclass
class Fuzz:
    """One kind of input: what is made for a number, and what must be true of it."""

    product: Product
    person: Person
    seed: int
    failures: list[str] = field(default_factory=list)
    token: str = ""

    def random(self, kind: str, number: int) -> Random:
        """Return the generator that makes this one input, whatever was made before it."""
        return np.random.default_rng([self.seed, *kind.encode(), number])

    def note(self, kind: str, number: int, made: object, why: object) -> None:
        """Keep an input that failed, and say how to see it again."""
        FAILURES.mkdir(parents=True, exist_ok=True)
        file = FAILURES / f"{kind}-{self.seed}-{number}"
        file.write_bytes(made if isinstance(made, bytes) else repr(made).encode())
        again = f"make fuzz SEED={self.seed} ONLY={kind}:{number}"
        self.failures.append(f"{kind} {number}: {why}\n  saved as {file}\n  again: {again}")
        if len(self.failures) >= MOST_FAILURES:
            raise Failed("\n".join(self.failures))

    @contextmanager
    def held(self, kind: str) -> Iterator[None]:
        """Watch the log and the workers, and sign in afterwards."""
        with watched(self.product) as trace:
            yield
        if trace.broken or trace.lost_workers:
            self.failures.append(f"{kind}: {trace.broken[:3]}, lost {set(trace.lost_workers)}")
        self.person.sign_in()

    # -- pictures ---------------------------------------------------------------------------------

    def picture(self, kind: str, number: int) -> bytes:
        """Return a picture with flipped bits: of a face, or of nobody."""
        random = self.random(kind, number)
        return flipped(random, pick(random, [good(), empty_frame()]))

    def pictures(self, numbers: Iterable[int]) -> None:
        """Look at them in this process."""
        for number in numbers:
            picture = self.picture("pictures", number)
            try:
                observation = recognizer().observe(picture)
                if not set(observation.reasons) <= REASONS:
                    raise Failed(f"reasons {observation.reasons}")
                if (observation.template is None) != bool(observation.reasons):
                    raise Failed("a template and a reason, or neither")
            except Exception as error:
                self.note("pictures", number, picture, repr(error))

    async def frames(self, numbers: Iterable[int]) -> None:
        """Show them to the product, in attempt after attempt; each has one answer."""
        waiting = list(numbers)
        visitor = Visitor(self.product)
        while waiting:
            async with visitor.open() as socket:
                await socket.send(visitor.start())
                message = await visitor.hear(socket)
                sequence = 0
                while waiting and message["type"] in {"attempt.ready", "capture.feedback"}:
                    if message.get("progress") == 1.0:
                        break  # enough good ones among them: the result is on its way
                    number, picture = waiting[-1], self.picture("frames", waiting.pop())
                    sequence += 1
                    try:
                        await socket.send(picture)
                        message = await visitor.hear(socket)
                        if (message.get("sequence"), message.get("verdict")) not in {
                            (sequence, "accepted"),
                            (sequence, "rejected"),
                        } or not set(message["reasons"]) <= REASONS:
                            raise Failed(str(message))
                    except (Failed, ConnectionClosed, TimeoutError) as error:
                        if message.get("outcome") != "expired":
                            self.note("frames", number, picture, repr(error))
                        break

    # -- messages ---------------------------------------------------------------------------------

    async def messages(self, numbers: Iterable[int]) -> None:
        """Say anything in any order; it must end as the contract says, or go on."""
        for number in numbers:
            random = self.random("messages", number)
            visitor = Visitor(self.product)
            said = self._conversation(random, visitor)
            try:
                async with visitor.open() as socket:
                    for message in said:
                        await socket.send(message)
                    await socket.send(CANCEL)
                    await socket.send("no message at all")
                    end = await visitor.hear_end(socket)
            except (ConnectionClosed, TimeoutError) as error:
                end = repr(error) if isinstance(error, TimeoutError) else "closed while talking"
            if not _is_an_end(end):
                self.note("messages", number, said, end)

    def _conversation(self, random: Random, visitor: Visitor) -> list[str | bytes]:
        start = visitor.start()
        whole: list[Any] = [start, CANCEL, PIECE, b"", mangled_text(random, start)]
        whole += [mangled_text(random, CANCEL), mangled_json(random, ["type", "ticket"])]
        whole += [json.dumps({"type": "attempt.start", "ticket": _bent(random, visitor.ticket())})]
        first = [start] if random.random() < 0.6 else []
        return first + [pick(random, whole) for _ in range(int(random.integers(0, 6)))]

    # -- JSON -------------------------------------------------------------------------------------

    def json(self, numbers: Iterable[int]) -> None:
        """Send mangled JSON to every call of accounts; 2xx or a problem with a code."""
        calls = _calls_with_a_body()
        with httpx.Client(base_url=self.product.origin, timeout=30) as client:
            for number in numbers:
                random = self.random("json", number)
                method, path, names = pick(random, calls)
                body = mangled_json(random, names)
                headers = {"Content-Type": "application/json"}
                if random.random() < 0.8:
                    headers["Authorization"] = f"Bearer {self.token}"
                answer = client.request(method, path, content=body, headers=headers)
                kind = answer.headers.get("Content-Type", "")
                if answer.status_code == 200 and "token" in answer.json():
                    self.token = answer.json()["token"]
                if answer.status_code >= 500 or (
                    answer.status_code >= 400 and kind != "application/problem+json"
                ):
                    self.note("json", number, body, f"{method} {path}: {answer.status_code}")

    # -- all of it --------------------------------------------------------------------------------

    def run(self, kind: str, numbers: range) -> None:
        """Run one kind."""
        work: Callable[[Iterable[int]], Any] = getattr(self, kind)
        self.token = self.token or self.person.new_account()
        with self.held(kind):
            if not asyncio.iscoroutinefunction(work):
                work(numbers)
                return

            async def in_parallel() -> None:
                await asyncio.gather(*(work(numbers[part::AT_ONCE]) for part in range(AT_ONCE)))

            asyncio.run(in_parallel())


KINDS = ("pictures", "frames", "messages", "json")


def _is_an_end(end: str) -> bool:
    ends = {f"{code}, closed with {number}" for code, number in CLOSE_CODES.items()}
    ends |= {"cancelled, closed with 1000", "dropped without a close frame"}
    return end in ends or end == "closed while talking"


def _bent(random: Random, ticket: str) -> str:
    at = int(random.integers(len(ticket)))
    return ticket[:at] + pick(random, ["A", ".", "", "=", "\0", "é"]) + ticket[at + 1 :]


def _calls_with_a_body() -> list[tuple[str, str, list[str]]]:
    """Return method, path and field names of every call of accounts that the contract knows."""
    document = contracts.openapi("accounts")
    names = sorted(
        {"username", "password", "email", "display_name", "purpose", "consent_version"}
        | {"cohort_consent", "assertion", "code", "report", "new_password"}
    )
    return [
        (method.upper(), path.replace("{id}", "1"), names)
        for path, operations in document["paths"].items()
        for method in operations
        if method in {"post", "put", "patch"}
    ]


def main() -> int:
    """Run what the environment asks for; 1 if anything failed."""
    count = int(os.environ.get("FUZZ") or 10_000)
    seed = int(os.environ.get("SEED") or secrets.randbelow(10**9))
    chosen, _, only = (os.environ.get("ONLY") or "").partition(":")
    print(f"seed {seed}; again: make fuzz FUZZ={count} SEED={seed}", flush=True)
    numbers = range(int(only), int(only) + 1) if only else range(count)
    with tempfile.TemporaryDirectory(prefix="kubevision-fuzz-") as folder:
        pictures = [jpeg(frame) for frame in frames(Drawn(1), 40, seed=3)]
        with running_product(Path(folder)) as product:
            fuzz = Fuzz(product, Person(product, pictures), seed)
            for kind in [chosen] if chosen else KINDS:
                fuzz.run(kind, numbers)
                print(f"{kind}: {len(numbers)}, failed {len(fuzz.failures)}", flush=True)
    print("\n".join(fuzz.failures))
    return bool(fuzz.failures)


if __name__ == "__main__":
    sys.exit(main())
