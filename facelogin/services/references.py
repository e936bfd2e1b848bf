"""What accounts may ask about a person's reference, each with a ticket for just that."""

from facelogin import stores, tokens
from facelogin.stores import ReferenceStatus
from facelogin.tokens import Ticket, TokenRefused


def take_ticket(token: str, purpose: str) -> Ticket:
    """Read a ticket for one purpose and use it up.

    Raises
    ------
    TokenRefused
        If it is none, for something else, or was used before.
    KeysUnavailable
        If accounts' keys cannot be read.
    """
    ticket = tokens.read_ticket(token, purpose)
    if not stores.spend_ticket(ticket.jti, ticket.expires_at):
        raise TokenRefused("spent before")
    return ticket


def status(ticket: Ticket) -> ReferenceStatus | None:
    """Return what may be told about the person's current reference."""
    return stores.reference_status(ticket.user_id)


def activate(ticket: Ticket) -> bool:
    """Make the pending reference that the ticket names current; False if there is none."""
    return stores.activate(ticket.user_id, ticket.nonce)


def erase(ticket: Ticket) -> None:
    """Remove all that is stored about the person."""
    stores.erase(ticket.user_id)
