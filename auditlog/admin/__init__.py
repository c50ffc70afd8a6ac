from django.contrib import admin

from ..models import Event
from .events import EventAdmin

admin.site.register(Event, EventAdmin)

__all__ = ["EventAdmin"]
