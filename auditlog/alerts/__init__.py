"""Alerts: raised by rules, told through channels, dealt with by people."""
