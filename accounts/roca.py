"""Recognises RSA moduli of the flawed Infineon generator (ROCA, CVE-2017-15361; Nemec and others, CCS 2017).

Its primes are k * M + (65537 ** a mod M) for a primorial M, so modulo every small prime such a modulus is a power of
65537. For another modulus that holds with a chance below 2 ** -27.
"""

from functools import lru_cache

GENERATOR = 65537
PRIMES = (3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97, 101, 103, 107,
          109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167)  # fmt: skip


def is_roca(modulus: int) -> bool:
    """Say whether ``modulus`` has the mark of the flawed generator."""
    return all(modulus % prime in residues for prime, residues in _marks())


@lru_cache(maxsize=1)
def _marks() -> tuple[tuple[int, frozenset[int]], ...]:
    return tuple((prime, frozenset(pow(GENERATOR, power, prime) for power in range(prime))) for prime in PRIMES)
