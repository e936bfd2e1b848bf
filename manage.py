#!/usr/bin/env python3
"""Django's command line; the laptop's settings unless the environment names a room's."""

import os
import sys

from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kubevision.settings.local")
    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:  # it names the variable and shows an example
        sys.exit(f"KubeVision cannot start: {error}")
