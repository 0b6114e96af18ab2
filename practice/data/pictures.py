"""Pictures that a viewer opens: real PNG files, made without any library, that carry a tenant's canary."""

import struct
import zlib


def picture(chance, width, height, canary):
    """The bytes of a PNG of soft shapes that compresses as little as a photograph does; `canary` stands in a tEXt part."""
    phase = [chance.random() for _ in range(3)]
    ramp = [(x * 200 // width) & 63 for x in range(width)]
    rows = bytearray()
    for y in range(height):
        base = [int(110 + 80 * ((y / height + p) % 1)) for p in phase]
        row = bytearray(3 * width)
        row[0::3] = bytes((base[0] + shade) & 255 for shade in ramp)
        row[1::3] = bytes((base[1] + shade // 2) & 255 for shade in ramp)
        row[2::3] = bytes((base[2] + (x ^ y) % 32) & 255 for x in range(width))
        noise = chance.randbytes(width // 4)
        row[5::12] = bytes(a ^ (b & 15) for a, b in zip(row[5::12], noise, strict=False)).ljust(len(row[5::12]), b"\0")
        rows += b"\0" + row

    def part(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
            + part(b"tEXt", b"Comment\0" + canary.encode())
            + part(b"IDAT", zlib.compress(bytes(rows), 1)) + part(b"IEND", b""))
