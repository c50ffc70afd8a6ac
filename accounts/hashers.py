"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """Argon2id with 64 MiB of memory, 3 passes and 1 lane (RFC 9106, section 4, scaled to a server's memory).

    It shares Django's name for the algorithm, so hashes by either are read by either, and are made anew at the next
    login where their cost is another.
    """

    memory_cost = 65_536  # KiB
    time_cost = 3
    parallelism = 1
