"""How often recognition errs on an operator's own pictures; behind `manage.py evaluate_faces`."""
