"""Tamper evidence: events are hashed into a Merkle tree whose head is signed and kept outside the database.

Nobody who writes an event waits for it: a command follows the log, some seconds behind.
"""
