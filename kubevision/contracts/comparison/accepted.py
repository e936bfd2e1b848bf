"""What the comparison calls breaking and is not, each with its reason (decision 52)."""

_WATCH = "only who asks for the purpose `watch`, which no old client knows, is given the new value"
_TICKET = "POST /auth/v1/session/face-ticket 201"

ACCEPTED = {
    f"{_TICKET}.websocket_url: pattern '^wss?://[^/]+/face/v1/capture$' became "
    "'^wss?://[^/]+/face/v1/(capture|live)$'": _WATCH,
    f"{_TICKET}.websocket_subprotocol: const 'kubevision.face.v1' became None": _WATCH,
    f"{_TICKET}.websocket_subprotocol is a closed list, or is one no more": _WATCH,
}
