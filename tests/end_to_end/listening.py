"""Has anything tried to connect? A port of this machine where each connection is counted and closed."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

KEY = "0123456789" * 4


class Listener:
    """Counts the connections to its port."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.count = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def environment(self) -> dict[str, str]:
        """What makes W&B take the port for its server, and believe itself logged in there."""
        return {"WANDB_BASE_URL": f"http://127.0.0.1:{self._socket.getsockname()[1]}", "WANDB_API_KEY": KEY}

    def close(self) -> None:
        """Listen no longer."""
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.count += 1
            connection.close()


@contextmanager
def listening() -> Iterator[Listener]:
    """Yield a listener; in the end it is closed."""
    listener = Listener()
    try:
        yield listener
    finally:
        listener.close()
