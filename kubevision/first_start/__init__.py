"""What has to be there before a room can start, made once: keys, a certificate, a replica set.

Run as one-shots by docker/compose.yaml; each may be run again at any time and then changes nothing.
"""
