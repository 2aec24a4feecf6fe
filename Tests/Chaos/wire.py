"""A caller on the daemon's socket that keeps its connection, so that what it measures is the daemon's answer alone.

The wire is ttRPC's: a header of 10 bytes (length, stream, type, flags, big-endian) and a protobuf message, of which
this knows just enough for a unary call.
"""
import socket
import struct
import time

SERVICE = "rollback.v1.RollbackService"
UNIMPLEMENTED, UNAVAILABLE = 12, 14
REQUEST, RESPONSE = 1, 2


class Gone(Exception):
    """The connection is not there, or was closed before the answer."""


def varint(value):
    result = bytearray()
    while value > 0x7F:
        result.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(result) + bytes([value])


def text_field(number, value):
    """A string or bytes field of a message; nothing where it is empty."""
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data if data else b""


def fields(data):
    """The fields of a message: (number, value), a value being a number or bytes."""
    at = 0

    def number():
        nonlocal at
        shift = value = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            yield key >> 3, number()
        elif key & 7 == 2:
            length = number()
            yield key >> 3, data[at:at + length]
            at += length
        else:
            raise Gone(f"an answer has a field of wire type {key & 7}")


class Caller:
    """One connection to one daemon, opened at the first call and again after an end. For one thread at a time."""

    def __init__(self, path):
        self.path = path
        self.connection = None
        self.stream = 1

    def call(self, method, payload=b"", timeout=5.0):
        """A unary call: its status code and the seconds until the answer. Raises Gone where there is none."""
        try:
            if self.connection is None:
                self.connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                self.connection.settimeout(timeout)
                self.connection.connect(self.path)
                self.stream = 1
            request = text_field(1, SERVICE) + text_field(2, method) + text_field(3, payload)
            began = time.monotonic()
            self.connection.settimeout(timeout)
            self.connection.sendall(struct.pack(">IIBB", len(request), self.stream, REQUEST, 0) + request)
            length, stream, kind, _ = struct.unpack(">IIBB", self._read(10))
            answer = self._read(length)
            took = time.monotonic() - began
        except OSError as error:
            self.close()
            raise Gone(str(error)) from error
        except Gone:
            self.close()
            raise
        if stream != self.stream or kind != RESPONSE:
            self.close()
            raise Gone(f"a frame of type {kind} on stream {stream} instead of an answer")
        self.stream += 2
        status = next((value for number, value in fields(answer) if number == 1), b"")
        return next((value for number, value in fields(status) if number == 1), 0), took

    def list_deploys(self, app, timeout=5.0):
        """The smallest call that asks the database."""
        return self.call("ListDeploys", text_field(1, app) + varint(2 << 3) + varint(1), timeout)

    def nothing(self, timeout=5.0):
        """A call that the daemon answers from memory, with UNIMPLEMENTED: what the machine alone takes."""
        return self.call("Nothing", b"", timeout)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def _read(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise Gone("the daemon closed the connection")
            data += piece
        return data
