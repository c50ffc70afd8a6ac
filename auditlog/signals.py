"""What the audit log tells the world about itself."""

from django.dispatch import Signal

# Events could not be stored and wait on disk: wake somebody up. sender: Event;
# arguments: count (int), error (the exception)
events_spooled = Signal()

# Events that waited on disk are stored now. sender: Event; arguments: count (int)
events_replayed = Signal()

# A checkpoint could not be published; it is tried again. sender: Publication;
# arguments: publisher (its name), failures (int, since it last worked), error (the exception)
publication_failed = Signal()

# `auditlog_verify` has found that the log is not what was signed: wake somebody up. sender: Tree;
# arguments: finding (str), event (UUID of the first bad event, or None)
tampering_found = Signal()
