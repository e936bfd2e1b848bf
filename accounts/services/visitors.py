"""Who is calling, as far as it can be believed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Client:
    """Where a request comes from: its address, its browser's name for itself, a device token."""

    address: str = ""
    user_agent: str = ""
    device_token: str = ""
