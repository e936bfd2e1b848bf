"""WSGI entry for the rooms that need no sockets (gunicorn)."""

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
