"""Objects of a bucket: product pictures, invoices and exports, with content types and metadata of their own.

Every object carries the tenant's canary, in its bytes and in its metadata.
"""

import dataclasses
import json
import random

from data import words
from data.people import NEW_YEAR, day
from data.pictures import picture


@dataclasses.dataclass
class Object:
    """An object to be put."""

    key: str
    content: bytes
    content_type: str
    metadata: dict
    headers: dict  # further arguments of boto3's put_object


class Bucket:
    """One bucket's objects."""

    def __init__(self, tenant, seed, scale=1.0):
        self.tenant, self.chance = tenant, random.Random(f"bucket {tenant.name} {seed}")
        self.first = max(12, int(180 * scale))
        self.made = 0

    def opening(self):
        """Everything up to the present."""
        return self.objects(self.first)

    def objects(self, count):
        """The next objects."""
        return [self.object() for _ in range(count)]

    def object(self):
        """The next object."""
        chance, owner = self.chance, self.tenant.canary
        self.made += 1
        number = self.made
        metadata = {"owner": owner, "number": str(number)}
        kind = chance.choice(["picture", "picture", "invoice", "export"])
        if kind == "picture":
            sweet, english = chance.choice(words.SWEETS)
            content = picture(chance, 120, 90, owner)
            return Object(f"photos/{sweet}/{number:05}.png", content, "image/png", metadata | {"sweet": english.lower()},
                          {"CacheControl": "max-age=86400"})
        if kind == "invoice":
            content = f"%PDF-1.4\n% {owner}\n".encode() + chance.randbytes(chance.randrange(800, 12_000))
            return Object(f"invoices/2026/請求書 {number}.pdf", content, "application/pdf", metadata,
                          {"ContentDisposition": f'attachment; filename="invoice-{number}.pdf"'})
        rows = [{"day": day(NEW_YEAR + i * 86_400), "yen": chance.randrange(10_000, 900_000)} for i in range(40)]
        content = json.dumps({"owner": owner, "店": self.tenant.title, "rows": rows}, ensure_ascii=False).encode()
        return Object(f"exports/+{number}&b=1.json", content, "application/json; charset=utf-8", metadata, {})

    def business(self, count=6):
        """The objects that a day brings."""
        return self.objects(count)
