"""The far end of a link under test: a server that says back what it hears, and how to converse with it."""

import socket
import threading
from contextlib import suppress

TIMEOUT = 10.0


class EchoServer:
    """Listens on a port of 127.0.0.1 and keeps, for each connection, what it heard and how it ended."""

    def __init__(self, port):
        self.port = port
        self.heard = []  # one bytearray a connection, in the order of their arrival
        self.ends = []  # `fin`, the name of an error, or None while it is open
        self.sockets = []
        self._listener = socket.create_server(("127.0.0.1", port))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.heard.append(bytearray())
                self.ends.append(None)
                self.sockets.append(connection)
                threading.Thread(target=self._serve, args=(connection, len(self.heard) - 1), daemon=True).start()

    def _serve(self, connection, index):
        try:
            while data := connection.recv(65536):
                self.heard[index] += data
                connection.sendall(data)
            self.ends[index] = "fin"
        except OSError as error:
            self.ends[index] = type(error).__name__

    def close(self):
        if self._listener.fileno() < 0:
            return
        # Closing alone would leave the port open for as long as the other thread is in `accept`.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self.sockets:
            connection.close()


class EchoConversation:
    def __init__(self, connection):
        self.connection = connection
        self._owed = 0

    def ask(self, ballast):
        data = b"?" * max(ballast, 1)
        self.connection.sendall(data)
        self._owed += len(data)

    def hear(self):
        while self._owed:
            received = self.connection.recv(65536)
            if not received:
                raise EOFError("closed")
            self._owed -= len(received)

    def close(self):
        self.connection.close()


def echo(address, timeout):
    return EchoConversation(socket.create_connection(address, timeout=timeout))


class Client:
    """A connection of the test's own through a link, with what can be seen on it."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def says(self, data=b"hello", *, timeout=TIMEOUT):
        self.socket.sendall(data)
        return self.gets(len(data), timeout=timeout)

    def gets(self, size, *, timeout=TIMEOUT):
        """Up to `size` bytes, b"" for a FIN; raises TimeoutError for silence and ConnectionResetError for an RST."""
        self.socket.settimeout(timeout)
        data = b""
        while len(data) < size and (more := self.socket.recv(size - len(data))):
            data += more
        return data

    def silent(self, seconds=0.15):
        try:
            self.gets(1, timeout=seconds)
        except TimeoutError:
            return True
        return False

    def close(self):
        self.socket.close()
