"""The routes. Each validates, makes one call into the domain, and answers."""

from .base import AuthView
from .challenge import ChallengeView
from .email import (
    EmailChangeConfirmView,
    EmailChangeUndoView,
    EmailChangeView,
    EmailResendView,
    EmailVerifyView,
    RegisterView,
)
from .login import LoginView
from .mfa import (
    FactorsView,
    PasskeyAddOptionsView,
    PasskeysView,
    PasskeyView,
    RecoveryCodesView,
    TotpConfirmView,
    TotpView,
)
from .pages import (
    FactorsPage,
    LoginPage,
    LogoutPage,
    PasskeyAddPage,
    PasskeyLoginPage,
    ReauthenticatePage,
    RecoveryCodesPage,
    RemovalPage,
    SecondStepPage,
    TotpPage,
)
from .passwords import PasswordChangeView, PasswordResetConfirmView, PasswordResetView
from .profile import MeView
from .published import jwks
from .second_step import (
    PasskeyLoginView,
    PasskeyOptionsView,
    ReauthenticateOptionsView,
    ReauthenticateView,
    SecondStepView,
)
from .sessions import LogoutAllView, LogoutView, RefreshView, SessionListView, SessionView

__all__ = [
    "AuthView",
    "ChallengeView",
    "EmailChangeConfirmView",
    "EmailChangeUndoView",
    "EmailChangeView",
    "EmailResendView",
    "EmailVerifyView",
    "FactorsPage",
    "FactorsView",
    "LoginPage",
    "LoginView",
    "LogoutAllView",
    "LogoutPage",
    "LogoutView",
    "MeView",
    "PasskeyAddOptionsView",
    "PasskeyAddPage",
    "PasskeyLoginPage",
    "PasskeyLoginView",
    "PasskeyOptionsView",
    "PasskeyView",
    "PasskeysView",
    "PasswordChangeView",
    "PasswordResetConfirmView",
    "PasswordResetView",
    "ReauthenticateOptionsView",
    "ReauthenticatePage",
    "ReauthenticateView",
    "RecoveryCodesPage",
    "RecoveryCodesView",
    "RefreshView",
    "RegisterView",
    "RemovalPage",
    "SecondStepPage",
    "SecondStepView",
    "SessionListView",
    "SessionView",
    "TotpConfirmView",
    "TotpPage",
    "TotpView",
    "jwks",
]
