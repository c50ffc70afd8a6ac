"""To be included under `api/v1/`."""

from django.urls import path

from .views import EventListView, EventView

urlpatterns = [
    path("audit/events/", EventListView.as_view(), name="audit-events"),
    path("audit/events/<uuid:id>/", EventView.as_view(), name="audit-event"),
]
