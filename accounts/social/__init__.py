"""Signing in with an account elsewhere: OpenID Connect providers, Google, GitHub, Apple, by django-allauth.

The extra `social`; nothing here is imported before allauth is in INSTALLED_APPS. allauth talks to the provider. What
comes of it is decided here: none of its pages is routed, and it neither logs anybody in nor makes accounts.

Note [who may sign in]. A provider's word counts for the account that was linked with it, and for nothing else:

1. A provider's account that is linked signs in its user, as a password does: a second factor is asked for, a
   locked or inactive account is refused.
2. Without a link, an address that the provider has not verified is worth nothing.
3. A verified address that nobody has here makes an account, where registration is open.
4. A verified address that somebody has here does not sign in to that account: its owner logs in first and links the
   two on `/account/social`. Only a provider that SOCIAL_TRUSTED_DOMAINS calls the authority of the address's domain
   links at once; an account whose address nobody had verified loses its password and its sessions then, for somebody
   else may have registered it in advance.
"""
