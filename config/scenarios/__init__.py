"""Attacks that the demo plays against itself: over HTTP, from loopback, as an attacker would.

The buttons of the landing page carry the same names and play what a browser can.
"""

from .catalogue import SCENARIOS, Scenario

__all__ = ["SCENARIOS", "Scenario"]
