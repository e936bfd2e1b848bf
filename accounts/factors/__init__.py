"""The second factors, one module each with the same questions: issue, check, spend."""
