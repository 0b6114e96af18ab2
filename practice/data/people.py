"""The tenants of the practice provider, and the invented people they deal with."""

import dataclasses
import hashlib
import time

from data import words

NEW_YEAR = 1_767_225_600  # 2026-01-01 in UTC: the sample data's present
YEAR = 31_536_000


@dataclasses.dataclass(frozen=True)
class Tenant:
    """One customer of the provider. What belongs to it carries its canary: a leak between tenants is a grep."""

    name: str
    title: str
    domain: str
    canary: str


def tenants(seed):
    """The three tenants: the company of the story, and two neighbours on the same servers."""
    def tenant(name, title):
        digest = hashlib.sha256(f"{seed} {name}".encode()).hexdigest()
        return Tenant(name, title, f"{name}.example.jp", f"CANARY-{name}-{digest[:16]}")

    return [tenant("mihon", "見本堂"), tenant("kaku", "架空園"), tenant("reidai", "例題舎")]


def person(chance):
    """An invented person: (written name, name in Latin letters)."""
    if chance.random() < 0.06:
        name = chance.choice(words.FOREIGN)
        return name, name.encode("ascii", "ignore").decode().replace('"', "") or "Olga Primerova"
    family, given = chance.choice(words.FAMILY), chance.choice(words.GIVEN)
    return f"{family[0]} {given[0]}", f"{given[1]} {family[1]}"


def address_of(latin, number, domain="example.com"):
    """A mail address for somebody, in a domain that is reserved for examples."""
    word = "".join(letter for letter in latin.split(" ")[0].lower() if letter.isalpha()) or "info"
    return f"{word}.{number}@{domain}"


def moment(seconds):
    """A time as both databases read it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(seconds))


def day(seconds):
    """A date as both databases read it."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))
