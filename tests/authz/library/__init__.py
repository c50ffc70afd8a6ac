"""An app with models of every shape that a rule can meet."""
