"""What accounts may ask of facelogin about a person, each with a ticket for just that."""

from facelogin import spent_tickets, stores, tokens
from facelogin.services import live
from facelogin.stores import ReferenceStatus
from facelogin.tokens import Ticket, TokenRefused


def take_ticket(token: str, purpose: str, extension: str = "") -> Ticket:
    """Read a ticket for one purpose and use it up.

    `extension`: the call is about this one alone. A ticket to erase may name an extension as its
    nonce, and then erases neither another one nor all.

    Raises
    ------
    TokenRefused
        If it is none, for something else, or was used before.
    KeysUnavailable
        If accounts' keys cannot be read.
    """
    ticket = tokens.read_ticket(token, purpose)
    if purpose == "erase" and ticket.nonce not in {"", extension}:
        raise TokenRefused("for another extension")
    if not spent_tickets.spend(ticket.jti, ticket.issued_at, ticket.expires_at):
        raise TokenRefused("spent before")
    return ticket


def status(ticket: Ticket) -> ReferenceStatus | None:
    """Return what may be told about the person's current reference."""
    return stores.reference_status(ticket.user_id)


def activate(ticket: Ticket) -> bool:
    """Let the pending reference or extension that the ticket names count; False if none is."""
    return stores.activate(ticket.user_id, ticket.nonce)


def remove_extension(ticket: Ticket, extension: str) -> None:
    """Undo one extension of the person."""
    stores.remove_extension(ticket.user_id, extension)


def erase(ticket: Ticket) -> None:
    """Remove all that is stored about the person."""
    stores.erase(ticket.user_id)


def end_session(ticket: Ticket) -> None:
    """Let all attempts of the session that the ticket names end, and tell its open pages."""
    stores.end_session(ticket.session_hash)
    live.session_ended(ticket.session_hash)
