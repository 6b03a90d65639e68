"""Chance that is the same on every machine and in whatever order it is asked for.

A draw is a hash of a seed and of what is drawn for, so that no draw depends on the ones before it, on the number of
workers or on where a training was stopped.
"""

import hashlib

BITS = 64


def below(count: int, seed: int, *about: object) -> int:
    """A whole number from 0 to below ``count``, each equally likely (within 2^-64)."""
    return _bits(seed, about) * count >> BITS


def fraction(seed: int, *about: object) -> float:
    """A number from 0 to below 1."""
    return (_bits(seed, about) >> 11) / (1 << 53)


def seeds(seed: int, *about: object) -> list[int]:
    """Two numbers of 32 bits, to seed another generator."""
    bits = _bits(seed, about)
    return [bits >> 32, bits & 0xFFFFFFFF]


def _bits(seed: int, about: tuple[object, ...]) -> int:
    told = repr((seed, *about)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(told, digest_size=BITS // 8).digest(), "big")
