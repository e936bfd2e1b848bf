"""The floor under the rooms: settings, tokens, addresses, servers. Names rooms only as strings."""

__version__ = "0.1.0"
