import os

from django.core.asgi import get_asgi_application

from edge.asgi import BodyCeiling

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

application = BodyCeiling(get_asgi_application())
