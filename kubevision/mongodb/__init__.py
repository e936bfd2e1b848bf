"""Django's backend for MongoDB, with unique indexes that answer questions (decision 1)."""
