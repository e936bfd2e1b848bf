"""Asks the process of this container how it is: `python -m kubevision.probe livez` (or readyz).

For exec probes, as the images hold no curl: status 0 if all is well, else 1 and why not. Run every
few seconds, so nothing but the standard library is imported.
"""

import argparse
import http.client
import json
import os
import sys

# Longer than a readiness check waits for a database that does not answer (4 s).
TIMEOUT_SECONDS = 8.0


def ask(path: str, port: int) -> str:
    """Ask the management port; return what is wrong, nothing if all is well."""
    # Not through any proxy of the environment.
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"/{path}")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return f"port {port} does not answer: {error or type(error).__name__}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else _in_words(body)


def _in_words(body: bytes) -> str:
    try:
        said = json.loads(body)
    except ValueError:
        return body.decode(errors="replace")
    failing = said.get("failing", {})
    return "; ".join(f"{name}: {why}" for name, why in failing.items()) or str(said.get("status"))


def main() -> int:
    """Print what is wrong, if anything; return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("path", choices=("livez", "readyz"))
    path = parser.parse_args().path
    port = os.environ.get("MANAGEMENT_PORT", "9000")
    if not port.isdecimal():
        problem = f"MANAGEMENT_PORT must be a number, not {port!r}. Example: MANAGEMENT_PORT=9000"
    else:
        problem = ask(path, int(port))
    if problem:
        print(problem)
    return 1 if problem else 0


if __name__ == "__main__":
    sys.exit(main())
