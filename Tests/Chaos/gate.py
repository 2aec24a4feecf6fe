"""The way to the API server: bytes pass through, until the gate is shut and every connection is cut and refused."""
import asyncio
import threading


class Gate:
    """Listens on a port of its own in front of another one on this host; runs in a thread."""

    def __init__(self, target):
        self.target = target
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.port = None
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self._do(self._open())

    def shut(self):
        """Cuts all connections; new ones are refused from now on."""
        self._do(self._shut())

    def open(self):
        self._do(self._open())

    def close(self):
        self.shut()
        self.loop.call_soon_threadsafe(self.loop.stop)

    def _do(self, work):
        asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    async def _open(self):
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", self.port or 0)
        self.port = self.server.sockets[0].getsockname()[1]

    async def _shut(self):
        self.server.close()
        for writer in list(self.writers):
            # As a process that dies with unread bytes: a reset, not an orderly end.
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.writers.add(writer)
        other = None
        try:
            back, other = await asyncio.open_connection("127.0.0.1", self.target)
            self.writers.add(other)
            await asyncio.gather(self._pass(reader, other), self._pass(back, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in (writer, other):
                if end is not None:
                    self.writers.discard(end)
                    end.transport.abort()

    @staticmethod
    async def _pass(reader, writer):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
