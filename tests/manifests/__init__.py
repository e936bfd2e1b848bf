"""Looks at the rendered manifests with tools that others wrote: `make manifests`.

The tools live in an environment of their own, `.venv/manifests`; what drives them is here.
"""
