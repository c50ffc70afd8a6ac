"""Passwords that everybody's list has: a filter that is shipped, and the range API of a service that knows more."""

from .ranges import BreachedOnlineValidator
from .validator import BreachedPasswordValidator, canonical
from .xor_filter import XorFilter

__all__ = ["BreachedOnlineValidator", "BreachedPasswordValidator", "XorFilter", "canonical"]
