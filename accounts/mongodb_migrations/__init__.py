"""Migrations of Django's own apps with keys that MongoDB can give out; made by makemigrations."""
