"""The tracker as a WSGI application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from iasc_tracker.garbage import collect_seldom

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iasc_tracker.settings")

application = get_wsgi_application()
collect_seldom()
