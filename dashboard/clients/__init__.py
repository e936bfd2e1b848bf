"""Calls to other rooms, by HTTP."""
