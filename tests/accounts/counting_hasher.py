"""A hasher that counts what it is asked to do."""

from collections import Counter

from django.contrib.auth.hashers import MD5PasswordHasher

calls: Counter[str] = Counter()


class CountingHasher(MD5PasswordHasher):
    algorithm = "counting"

    def encode(self, password: str, salt: str) -> str:
        calls["encode"] += 1
        return super().encode(password, salt)
