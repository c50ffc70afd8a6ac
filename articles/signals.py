"""What the articles app tells the world. Every signal is sent with `sender` (Article) and the keywords
`request` (HttpRequest or None), `user` (or None), `target` (the article; None for an export), `outcome` ("success")
and `data` (JSON-able). A change's signal is sent inside the change's transaction: a receiver that raises undoes it.
"""

from django.dispatch import Signal

# An article was written. data: as article_updated, with "before" None
article_created = Signal()

# An article was changed. data: "changes", for each field that differs its value "before" and "after"; a body is told by
# its length and SHA-256, not by its text.
article_updated = Signal()

# A draft was published. data: as article_updated
article_published = Signal()

# An article was deleted; `target` still carries its key. data: as article_updated, with "after" None
article_deleted = Signal()

# Articles left in bulk. Sent before the first row is.
# data: "format" (csv or ndjson), "filters" (parameter to value), "rows" (how many)
articles_exported = Signal()
