"""Forgets guesses, for staff who unlock an account and for owners who have shown who they are."""

from django.contrib.auth.base_user import AbstractBaseUser

from edge.ratelimit import limiter

from .counts import account_of, account_tag


def forget_guesses(account: str | AbstractBaseUser) -> int:
    """Forget all guesses at an account, of every kind and from everywhere, and return how many counts that were.

    It walks the keys of the store: for people, not for requests.

    :raises StoreUnavailable: the counts cannot be reached.
    """
    return limiter().forget(account_tag(account_of(account)))
