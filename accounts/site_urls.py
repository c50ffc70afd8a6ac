"""What stands at the root of a site: `path("", include("accounts.site_urls"))`."""

from django.urls import path

from . import views
from .oauth import views as oauth
from .views import pages

app_name = "bulwark_accounts_site"

urlpatterns = [
    path(".well-known/jwks.json", views.jwks, name="jwks"),
    path(".well-known/oauth-authorization-server", oauth.authorization_server, name="oauth-metadata"),
    path("oauth/authorize", oauth.AuthorizeView.as_view(), name="oauth-authorize"),
    path("oauth/token", oauth.TokenView.as_view(), name="oauth-token"),
    path("oauth/revoke", oauth.RevokeView.as_view(), name="oauth-revoke"),
    path("account/login", views.LoginPage.as_view(), name="login"),
    path("account/login/mfa", views.SecondStepPage.as_view(), name="login-mfa"),
    path("account/login/passkey", views.PasskeyLoginPage.as_view(), name="login-passkey"),
    path("account/reauthenticate", views.ReauthenticatePage.as_view(), name="reauthenticate"),
    path("account/mfa", views.FactorsPage.as_view(), name="mfa"),
    path("account/mfa/totp", views.TotpPage.as_view(), name="mfa-totp"),
    path("account/mfa/totp/remove", views.RemovalPage.as_view(), name="mfa-totp-remove"),
    path("account/mfa/passkeys/add", views.PasskeyAddPage.as_view(), name="mfa-passkey-add"),
    path("account/mfa/passkeys/<uuid:passkey_id>/remove", views.RemovalPage.as_view(), name="mfa-passkey-remove"),
    path("account/mfa/recovery-codes", views.RecoveryCodesPage.as_view(), name="mfa-recovery-codes"),
    path("account/logout", views.LogoutPage.as_view(), name="logout"),
    path("account/consent", oauth.ConsentView.as_view(), name="consent"),
    path("account/register", pages.RegisterPage.as_view(), name="register"),
    path("account/verify", pages.VerifyPage.as_view(), name="verify"),
    path("account/verify/again", pages.ResendPage.as_view(), name="resend"),
    path("account/forgot", pages.ForgotPage.as_view(), name="forgot"),
    path("account/reset", pages.ResetPage.as_view(), name="reset"),
    path("account/security", pages.SecurityPage.as_view(), name="security"),
    path("account/password", pages.PasswordPage.as_view(), name="password"),
    path("account/email", pages.EmailPage.as_view(), name="email"),
    path("account/email/confirm", pages.EmailConfirmPage.as_view(), name="email-confirm"),
    path("account/email/undo", pages.EmailUndoPage.as_view(), name="email-undo"),
    path("account/sessions", pages.SessionsPage.as_view(), name="sessions"),
    path("account/delete", pages.DeletePage.as_view(), name="delete"),
]
