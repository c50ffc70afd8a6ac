"""More than a password: authenticator apps, passkeys, recovery codes, and asking again before what matters."""
