"""What only MongoDB can get wrong: run where DATABASE_URL names one (tests/run.py)."""
