"""Finds what a question names, as people type it: a user and an object."""

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model

from .keys import NOT_A_KEY


class NothingFound(LookupError):  # noqa: N818  (named as what happened)
    """There is no such user, model or object."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"There is no {kind} {text!r}.")


def find_user(text: str) -> Any:
    """Return the user whom a text names: what they log in with, or their key. Up to two queries.

    :raises NothingFound: there is none.
    """
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(text)  # noqa: SLF001  (documented)
    except (ObjectDoesNotExist, *NOT_A_KEY):
        return find_row(users, text)


def find_model(label: str) -> type[Model]:
    """Return the model of a label ("app_label.Model").

    :raises NothingFound: there is none.
    """
    try:
        return apps.get_model(label)
    except (LookupError, ValueError):
        raise NothingFound("model", label) from None


def find_row(model: type[Model], key: str) -> Any:
    """Return the row with a key, whoever asks. One query.

    :raises NothingFound: there is none.
    """
    try:
        return model._base_manager.get(pk=key)  # noqa: SLF001  (documented)
    except (ObjectDoesNotExist, *NOT_A_KEY):
        raise NothingFound(model.__name__, key) from None
