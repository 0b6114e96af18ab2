"""A long wire to a server on loopback: what goes in at one end comes out at the other some milliseconds later.

Prints {"port"}. Each direction waits half of `--milliseconds`, which is the round trip; nothing else is changed, and
any amount may be on its way at once. With `--kibibytes` all connections together bring the server so much a second and no
more, as a line does that is slow in one direction; then hardly anything is on its way.
"""

import asyncio
import collections
import socket
import sys
import threading

import common

# Bytes on their way in one direction of one connection, at most: more than any window needs at these delays.
WIRE = 64 << 20


class Line:
    """One direction of all connections: how much of it goes through in a second; 0: whatever comes."""

    def __init__(self, rate):
        self.rate, self.free = rate, 0.0
        self.part, self.wire = (8 << 10, 16 << 10) if rate else (256 << 10, WIRE)

    async def take(self, count):
        """Returns when so many bytes have gone through."""
        if self.rate:
            now = asyncio.get_running_loop().time()
            self.free = max(self.free, now) + count / self.rate
            await asyncio.sleep(self.free - now)


async def carry(reader, writer, seconds, line):
    """One direction of one connection."""
    loop = asyncio.get_running_loop()
    waiting, length = collections.deque(), 0
    changed = asyncio.Condition()

    async def take():
        nonlocal length
        while True:
            part = await reader.read(line.part)
            async with changed:
                waiting.append((loop.time() + seconds, part))
                length += len(part)
                changed.notify_all()
                if not part:
                    return
                await changed.wait_for(lambda: length < line.wire)

    async def give():
        nonlocal length
        while True:
            async with changed:
                await changed.wait_for(lambda: waiting)
                due, part = waiting.popleft()
                length -= len(part)
                changed.notify_all()
            if (pause := due - loop.time()) > 0:
                await asyncio.sleep(pause)
            if not part:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            await line.take(len(part))
            writer.write(part)
            await writer.drain()

    try:
        await asyncio.gather(take(), give())
    except OSError:
        writer.close()


async def serve(port, target, seconds, rate, ready):
    forth, back = Line(rate), Line(0)
    window = 16 << 10 if rate else 1 << 20
    listener = socket.create_server((common.HOST, port), backlog=200)
    if rate:
        # What the system takes for this end is not on its way.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)

    async def connected(reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(common.HOST, target, limit=1 << 20)
        except OSError:
            writer.close()
            return
        await asyncio.gather(carry(reader, far_writer, seconds, forth), carry(far_reader, writer, seconds, back))
        for end in (writer, far_writer):
            end.close()

    server = await asyncio.start_server(connected, sock=listener, limit=window)
    ready(server.sockets[0].getsockname()[1])
    async with server:
        await server.serve_forever()


def main():
    arguments = common.parser(__doc__.splitlines()[0])
    arguments.add_argument("--target", type=int, required=True, help="the port of the server behind it")
    arguments.add_argument("--milliseconds", type=float, default=50, help="the added round trip")
    arguments.add_argument("--kibibytes", type=float, default=0, help="what the server gets in a second, at most")
    options = arguments.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    known, port = threading.Event(), []

    def ready(number):
        port.append(number)
        known.set()

    threading.Thread(target=lambda: asyncio.run(serve(options.port, options.target, options.milliseconds / 2000,
                                                      options.kibibytes * 1024, ready)),
                     daemon=True).start()
    if not known.wait(300):
        raise SystemExit("the wire does not begin to listen")
    common.serve({"port": port[0]}, lambda: None)


if __name__ == "__main__":
    sys.exit(main())
