"""The real images and the real compose file, run by the engine that is here.

`make test-containers`. A missing engine fails these tests, it is never skipped; `.ci/run` installs
one.
"""
