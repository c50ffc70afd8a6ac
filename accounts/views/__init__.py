"""The routes. Each validates, makes one call into the domain, and answers."""

from .base import AuthView
from .email import EmailResendView, EmailVerifyView, RegisterView
from .login import LoginView
from .passwords import PasswordChangeView, PasswordResetConfirmView, PasswordResetView
from .profile import MeView
from .published import jwks, reset_page, verify_page
from .sessions import LogoutAllView, LogoutView, RefreshView, SessionListView, SessionView

__all__ = [
    "AuthView",
    "EmailResendView",
    "EmailVerifyView",
    "LoginView",
    "LogoutAllView",
    "LogoutView",
    "MeView",
    "PasswordChangeView",
    "PasswordResetConfirmView",
    "PasswordResetView",
    "RefreshView",
    "RegisterView",
    "SessionListView",
    "SessionView",
    "jwks",
    "reset_page",
    "verify_page",
]
