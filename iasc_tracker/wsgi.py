"""The tracker as a WSGI application, for gunicorn."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "iasc_tracker.settings")

application = get_wsgi_application()

# What is loaded by now stays: Python need not look through it for garbage again and again, nor
# through what a request makes as often as it does: a fifth of the time of a long file.
gc.freeze()
gc.set_threshold(20_000, 20, 20)
