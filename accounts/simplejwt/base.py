"""What is taken from djangorestframework-simplejwt; no other module imports it, so a replacement is one file."""

from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken, TokenError
from rest_framework_simplejwt.tokens import Token

__all__ = ["AuthenticationFailed", "InvalidToken", "Token", "TokenError"]
