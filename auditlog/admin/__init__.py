from django.contrib import admin

from ..models import Alert, Event, Incident, Response, RuleSetting, Silence
from .alerts import AlertAdmin, RuleSettingAdmin, SilenceAdmin
from .events import EventAdmin
from .incidents import IncidentAdmin
from .responding import ResponseAdmin

admin.site.register(Alert, AlertAdmin)
admin.site.register(Event, EventAdmin)
admin.site.register(Incident, IncidentAdmin)
admin.site.register(Response, ResponseAdmin)
admin.site.register(RuleSetting, RuleSettingAdmin)
admin.site.register(Silence, SilenceAdmin)

__all__ = ["AlertAdmin", "EventAdmin", "IncidentAdmin", "ResponseAdmin", "RuleSettingAdmin", "SilenceAdmin"]
