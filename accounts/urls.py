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
    path("login", views.LoginView.as_view(), name="login"),
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
