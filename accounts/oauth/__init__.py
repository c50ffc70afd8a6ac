"""Logging in for apps of one's own: Authorization Code with PKCE (RFC 6749, RFC 7636, as RFC 9700 asks for).

Clients are public: a single-page app or an app on a phone keeps no secret from whoever runs it. There is no page that
asks for consent, as they are all the operator's own. What they get is a session like any other.
"""
