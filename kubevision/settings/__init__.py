"""Settings: one module per room, and `local` for all three in one process."""
