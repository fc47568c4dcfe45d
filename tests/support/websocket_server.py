"""The server's side of a WebSocket in bytes, so that each part of it can be wrong. Source: RFC 6455."""

import base64
import hashlib
import socket

from tests.support.faults import Handler, Server

TEXT, CLOSE, PING, PONG = 1, 8, 9, 10
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept_of(request: bytes) -> bytes:
    """Return the accept key that answers `request`."""
    lines = [line.partition(b":") for line in request.split(b"\r\n")]
    key = next((value.strip() for name, _, value in lines if name.lower() == b"sec-websocket-key"), b"")
    return base64.b64encode(hashlib.sha1(key + GUID).digest())


def switching(request: bytes, *headers: bytes, accept: bytes | None = None) -> bytes:
    """Return the answer that opens the WebSocket."""
    lines = [b"HTTP/1.1 101 Switching Protocols", b"Upgrade: websocket", b"Connection: Upgrade"]
    lines += [b"Sec-WebSocket-Accept: " + (accept_of(request) if accept is None else accept), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def frame(opcode: int, payload: bytes = b"", *, is_last: bool = True) -> bytes:
    """Return a frame as servers send it, unmasked."""
    assert len(payload) < 126
    return bytes([(0x80 if is_last else 0) | opcode, len(payload)]) + payload


def read_frame(connection: socket.socket) -> tuple[int, bytes]:
    """Return opcode and payload of a client's short, masked frame."""
    head = _exactly(connection, 2)
    mask = _exactly(connection, 4)
    payload = _exactly(connection, head[1] & 0x7F)
    return head[0] & 0xF, bytes(one ^ mask[index % 4] for index, one in enumerate(payload))


def _exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise OSError("closed early")
        data += piece
    return data


def talking(*greetings: bytes, answers_pings: bool = True) -> Handler:
    """Open the WebSocket, send the greetings, and answer pings until the client says goodbye."""

    def handler(server: Server, connection: socket.socket) -> None:
        connection.sendall(switching(server.read_request(connection)))
        for greeting in greetings:
            connection.sendall(greeting)
        while True:
            opcode, payload = read_frame(connection)
            server.requests.append(bytes([opcode]) + payload)
            if opcode == CLOSE:
                return
            if opcode == PING and answers_pings:
                connection.sendall(frame(PONG, payload))

    return handler
