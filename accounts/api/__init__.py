"""REST under /auth/v1 (contract section 1)."""
