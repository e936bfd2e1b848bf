"""A bare Argon2id verification with the product's own parameters, and nothing else."""

import argon2
import django


class BareArgon2id:
    """One hash, verified again and again."""

    def __init__(self) -> None:
        django.setup()  # the product's parameters stand in a module that needs it
        from accounts.passwords import Argon2idHasher  # noqa: PLC0415

        self._hasher = argon2.PasswordHasher(
            time_cost=Argon2idHasher.time_cost,
            memory_cost=Argon2idHasher.memory_cost,
            parallelism=Argon2idHasher.parallelism,
            type=argon2.Type.ID,
        )
        self._hash = self._hasher.hash("a long enough passphrase")

    def verify(self) -> None:
        """Verify the right password; a wrong one costs the same."""
        self._hasher.verify(self._hash, "a long enough passphrase")
