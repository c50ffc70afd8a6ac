"""The routes of this app under a prefix of the host's choice: `path("api/v1/auth/", include("accounts.urls"))`.

The public keys and the pages behind mailed links are in `site_urls`.
"""

from django.urls import path

from . import views

app_name = "bulwark_accounts"

urlpatterns = [
    path("register", views.RegisterView.as_view(), name="register"),
    path("email/verify", views.EmailVerifyView.as_view(), name="email-verify"),
    path("email/resend", views.EmailResendView.as_view(), name="email-resend"),
    path("email/change", views.EmailChangeView.as_view(), name="email-change"),
    path("email/change/confirm", views.EmailChangeConfirmView.as_view(), name="email-change-confirm"),
    path("email/change/undo", views.EmailChangeUndoView.as_view(), name="email-change-undo"),
    path("login", views.LoginView.as_view(), name="login"),
    path("challenge", views.ChallengeView.as_view(), name="challenge"),
    path("login/mfa", views.SecondStepView.as_view(), name="login-mfa"),
    path("login/passkey", views.PasskeyLoginView.as_view(), name="login-passkey"),
    path("login/passkey/options", views.PasskeyOptionsView.as_view(), name="login-passkey-options"),
    path("reauthenticate", views.ReauthenticateView.as_view(), name="reauthenticate"),
    path("reauthenticate/options", views.ReauthenticateOptionsView.as_view(), name="reauthenticate-options"),
    path("mfa", views.FactorsView.as_view(), name="mfa"),
    path("mfa/totp", views.TotpView.as_view(), name="mfa-totp"),
    path("mfa/totp/confirm", views.TotpConfirmView.as_view(), name="mfa-totp-confirm"),
    path("mfa/recovery-codes", views.RecoveryCodesView.as_view(), name="mfa-recovery-codes"),
    path("mfa/passkeys", views.PasskeysView.as_view(), name="mfa-passkeys"),
    path("mfa/passkeys/options", views.PasskeyAddOptionsView.as_view(), name="mfa-passkey-options"),
    path("mfa/passkeys/<uuid:passkey_id>", views.PasskeyView.as_view(), name="mfa-passkey"),
    path("refresh", views.RefreshView.as_view(), name="refresh"),
    path("logout", views.LogoutView.as_view(), name="logout"),
    path("logout-all", views.LogoutAllView.as_view(), name="logout-all"),
    path("sessions", views.SessionListView.as_view(), name="sessions"),
    path("sessions/<uuid:session_id>", views.SessionView.as_view(), name="session"),
    path("me", views.MeView.as_view(), name="me"),
    path("password/change", views.PasswordChangeView.as_view(), name="password-change"),
    path("password/reset", views.PasswordResetView.as_view(), name="password-reset"),
    path("password/reset/confirm", views.PasswordResetConfirmView.as_view(), name="password-reset-confirm"),
]
