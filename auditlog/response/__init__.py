"""What can be done about an attack: by people from an alert, an event or the command line, or by a rule that may.

The log knows none of the apps that act: `RESPONSES` names a function for each action, and an action without one is
not offered.
"""
