"""Backing up a room's database, restoring it, and moving it to another kind of database.

A backup is what the models hold, not what a database keeps in its files, so one made on SQLite is
restored on MongoDB as well. What must not come back with an old backup is remembered beside it, as
tombstones. See docs/decisions/0059.
"""
