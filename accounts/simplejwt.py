"""What is taken from djangorestframework-simplejwt; no other module imports it, so a replacement is one file."""

from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token

__all__ = ["InvalidToken", "Token", "TokenError"]
