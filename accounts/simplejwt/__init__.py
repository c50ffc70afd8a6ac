"""For projects that come from djangorestframework-simplejwt: its names, on sessions of ours.

`tokens`, `serializers`, `views` and `urls` mirror its modules. What contradicts this design is left out: sliding
tokens, and claims written onto a refresh token (the setting CLAIMS adds them to every access token instead).
"""

from .base import InvalidToken, Token, TokenError

__all__ = ["InvalidToken", "Token", "TokenError"]
