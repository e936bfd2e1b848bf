"""Images and the compose file: what builds, starts and ends them. Needs nothing but Python."""
