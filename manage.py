#!/usr/bin/env python3
"""Django's command line; the laptop's settings unless the environment names a room's."""

import os
import sys

from django.core.management import execute_from_command_line

from kubevision import startup

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    with startup.said_in_words():
        startup.load_settings()
        execute_from_command_line(sys.argv)
