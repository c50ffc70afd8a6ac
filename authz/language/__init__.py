"""The rule language: terms that build a tree, and what turns the tree into a Python check and a Django `Q`."""
