"""Incidents: opened, contained, proven, told to those it concerns, and learned from."""
