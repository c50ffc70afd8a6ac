"""What the audit log tells the world about itself."""

from django.dispatch import Signal

# Events could not be stored and wait on disk: wake somebody up. sender: Event;
# arguments: count (int), error (the exception)
events_spooled = Signal()

# Events that waited on disk are stored now. sender: Event; arguments: count (int)
events_replayed = Signal()
