"""The use cases of accounts; each front door (REST, admin, commands) calls these."""
