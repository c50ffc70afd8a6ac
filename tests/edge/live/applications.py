"""What a real server serves."""

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.edge.live.settings")

from edge.asgi import BodyCeiling

wsgi = get_wsgi_application()
asgi = get_asgi_application() if os.environ.get("BULWARK_NO_CEILING") else BodyCeiling(get_asgi_application())
