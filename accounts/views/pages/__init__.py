"""The pages for people: forms that a server renders, that work with a keyboard and without scripts."""

from .factors import FactorsPage, PasskeyAddPage, RecoveryCodesPage, RemovalPage, TotpPage
from .links import EmailConfirmPage, EmailUndoPage, ResetPage, VerifyPage
from .login import LoginPage, LogoutPage
from .reauthenticate import ReauthenticatePage
from .registration import ForgotPage, RegisterPage, ResendPage
from .second_step import PasskeyLoginPage, SecondStepPage
from .security import DeletePage, EmailPage, PasswordPage, SecurityPage, SessionsPage

__all__ = [
    "DeletePage",
    "EmailConfirmPage",
    "EmailPage",
    "EmailUndoPage",
    "FactorsPage",
    "ForgotPage",
    "LoginPage",
    "LogoutPage",
    "PasskeyAddPage",
    "PasskeyLoginPage",
    "PasswordPage",
    "ReauthenticatePage",
    "RecoveryCodesPage",
    "RegisterPage",
    "RemovalPage",
    "ResendPage",
    "ResetPage",
    "SecondStepPage",
    "SecurityPage",
    "SessionsPage",
    "TotpPage",
    "VerifyPage",
]
