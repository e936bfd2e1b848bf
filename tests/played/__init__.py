"""An overlay as podman plays it, with the images that `make images` built: `make test-played`."""
