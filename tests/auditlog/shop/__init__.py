"""An app whose models are audited."""
