"""The engine: one thread that drives every transfer through libcurl's socket interface.

The asyncio side hands an `Exchange` over by an inbox and an eventfd, and gets the finished ones back in one
call per wake, so that handshakes never hold up the event loop. What an answer means is decided elsewhere.
"""

import asyncio
import contextlib
import logging
import os
import select
import socket
import sys
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from enum import Enum, auto

import pycurl

from tocsin.probes.certificates.trust import Trust
from tocsin.probes.curl.exchange import REFUSED_BY_LIBCURL, Exchange
from tocsin.probes.curl.handles import Handle

_log = logging.getLogger(__name__)

MAX_IDLE_HANDLES = 256
"""Handles kept for reuse, about 4 KiB each; what a burst needs beyond is freed again."""

_BYTES_RECEIVED = 128  # linux/tcp.h, offset of tcpi_bytes_received in struct tcp_info
_IDLE_POLL_S = 60.0
_EPOLL = {
    pycurl.POLL_IN: select.EPOLLIN,
    pycurl.POLL_OUT: select.EPOLLOUT,
    pycurl.POLL_INOUT: select.EPOLLIN | select.EPOLLOUT,
}


class _Order(Enum):
    START = auto()
    CANCEL = auto()
    GIVE_UP_CONNECTING = auto()
    STOP = auto()


class Engine:
    """Runs exchanges for any event loop of the process. Start it once, close it once."""

    def __init__(self, trust: Trust) -> None:
        self._trust = trust
        self._inbox: deque[tuple[_Order, Exchange | None]] = deque()
        self._asleep = False
        self._eventfd = -1
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._eventfd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        worker = _Worker(self._trust, self._inbox, self._eventfd, self)
        self._thread = threading.Thread(target=worker.run, name="tocsin-probes", daemon=True)
        self._thread.start()

    async def aclose(self) -> None:
        """Stop the thread; exchanges still under way are cancelled."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._post(_Order.STOP, None)
        await asyncio.get_running_loop().run_in_executor(None, thread.join)
        os.close(self._eventfd)

    async def run(self, exchange: Exchange) -> None:
        """Fill `exchange` in; cancelling the caller ends the transfer.

        Raises:
            RuntimeError: the engine is not running.
        """
        if self._thread is None:
            raise RuntimeError("the probe engine is not running")
        exchange.waiter = asyncio.get_running_loop().create_future()
        self._post(_Order.START, exchange)
        try:
            await exchange.waiter
        except asyncio.CancelledError:
            if self._thread is not None:
                self._post(_Order.CANCEL, exchange)
            raise

    def give_up_connecting(self, exchange: Exchange) -> None:
        """End `exchange` with a time-out, if its TCP connection does not stand yet."""
        if self._thread is not None:
            self._post(_Order.GIVE_UP_CONNECTING, exchange)

    def _post(self, order: _Order, exchange: Exchange | None) -> None:
        self._inbox.append((order, exchange))
        if self._asleep:
            self._asleep = False
            os.eventfd_write(self._eventfd, 1)

    def fall_asleep(self) -> bool:
        """Tell whether the worker may block: from now on an order writes to the eventfd."""
        self._asleep = True
        if self._inbox:
            self._asleep = False
        return self._asleep

    def wake_up(self) -> None:
        """Note that the worker looks at the inbox by itself again."""
        self._asleep = False


class _Worker:
    """What lives in the thread only: the multi handle, its epoll and the handles under way."""

    def __init__(
        self, trust: Trust, inbox: deque[tuple[_Order, Exchange | None]], eventfd: int, engine: Engine
    ) -> None:
        self._trust = trust
        self._inbox = inbox
        self._eventfd = eventfd
        self._engine = engine
        self._epoll = select.epoll()
        self._epoll.register(eventfd, select.EPOLLIN)
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._on_socket)
        self._multi.setopt(pycurl.M_TIMERFUNCTION, self._on_timer)
        self._timer_at: float | None = None
        self._sockets: set[int] = set()  # that libcurl wants watched
        self._idle: list[Handle] = []
        self._upgraded: list[tuple[Handle, Exchange]] = []  # whose WebSocket stands and was not pinged yet
        self._by_curl: dict[pycurl.Curl, Handle] = {}
        self._by_exchange: dict[Exchange, Handle] = {}
        self._finished: list[Exchange] = []
        self._in_timer = False
        self._received: dict[int, int] = {}  # bytes by local port, of connections that libcurl timed out
        self._stopping = False

    def run(self) -> None:
        """Drive transfers until told to stop."""
        while not self._stopping:
            try:
                self._turn()
            except Exception:  # noqa: BLE001 (the loop boundary: one broken turn must not end all checking)
                _log.exception("the probe engine met an error and goes on")
                time.sleep(0.01)
        self._shut_down()

    def _turn(self) -> None:
        self._take_orders()
        self._run_timer()
        if self._upgraded:
            self._ping()
        self._collect()
        self._deliver()
        if self._stopping:
            return
        events = self._epoll.poll(self._sleep_s()) if self._engine.fall_asleep() else self._epoll.poll(0)
        self._engine.wake_up()
        socket_action = self._multi.socket_action
        for fd, mask in events:
            if fd not in self._sockets:
                self._settle(fd)
                continue
            action = 0
            if mask & (select.EPOLLIN | select.EPOLLHUP):
                action = pycurl.CSELECT_IN
            if mask & select.EPOLLOUT:
                action |= pycurl.CSELECT_OUT
            if mask & select.EPOLLERR:
                action |= pycurl.CSELECT_ERR
            socket_action(fd, action)

    def _settle(self, fd: int) -> None:
        """Take note of the eventfd, and drop a socket that libcurl no longer cares for."""
        if fd == self._eventfd:
            os.eventfd_read(fd)
            return
        with contextlib.suppress(OSError):  # closed meanwhile, by an earlier event of the same batch
            self._epoll.unregister(fd)

    def _sleep_s(self) -> float:
        if self._timer_at is None:
            return _IDLE_POLL_S
        return max(0.0, self._timer_at - time.monotonic())

    def _run_timer(self) -> None:
        if self._timer_at is not None and self._timer_at <= time.monotonic():
            self._timer_at = None
            self._in_timer = True
            self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            self._in_timer = False

    def _on_timer(self, timeout_ms: int) -> None:
        self._timer_at = None if timeout_ms < 0 else time.monotonic() + timeout_ms / 1000

    def _on_socket(self, what: int, fd: int, _multi: object, _data: object) -> None:
        mask = _EPOLL.get(what)
        if mask is None:
            # libcurl closes it next, which takes it out of the epoll too; `_turn` sees to one that stays open.
            self._sockets.discard(fd)
            if self._in_timer:
                self._note_received(fd)
        elif fd in self._sockets:
            self._epoll.modify(fd, mask)
        else:
            self._sockets.add(fd)
            try:
                self._epoll.register(fd, mask)
            except FileExistsError:
                self._epoll.modify(fd, mask)

    def _note_received(self, fd: int) -> None:
        """Note what a connection had received when its time was over; libcurl tells only of whole lines."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as late:
            port = late.getsockname()[1]
            info = late.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _BYTES_RECEIVED + 8)
            self._received[port] = int.from_bytes(info[_BYTES_RECEIVED:], sys.byteorder)

    def _take_orders(self) -> None:
        inbox = self._inbox
        while inbox:
            order, exchange = inbox.popleft()
            if exchange is None:
                self._stopping = True
            elif order is _Order.START:
                self._start(exchange)
            elif order is _Order.CANCEL:
                self._drop(exchange)
            else:
                self._give_up(exchange)

    def _start(self, exchange: Exchange) -> None:
        handle = None
        try:
            handle = self._idle.pop() if self._idle else Handle(self._trust, self._upgraded)
            handle.load(exchange)
            self._multi.add_handle(handle.curl)
        except Exception as error:  # noqa: BLE001 (whatever libcurl objects to, the waiter must be told)
            exchange.code, exchange.error = REFUSED_BY_LIBCURL, str(error)
            self._finished.append(exchange)
            if handle is not None:
                handle.close()
            return
        self._by_curl[handle.curl] = handle
        self._by_exchange[exchange] = handle

    def _ping(self) -> None:
        """Ping over the WebSockets that were opened; libcurl lets us only once it has come back from there."""
        upgraded = self._upgraded.copy()
        self._upgraded.clear()
        for handle, exchange in upgraded:
            if handle.exchange is not exchange:  # it has ended meanwhile
                continue
            try:
                handle.ping()
            except pycurl.error as error:
                self._finish(handle, *error.args)

    def _collect(self) -> None:
        if not self._by_curl:
            return
        left = 1
        while left:
            left, done, failed = self._multi.info_read()
            for curl in done:
                self._finish(self._by_curl[curl], 0, "")
            for curl, code, text in failed:
                handle = self._by_curl[curl]
                if self._received and code == pycurl.E_OPERATION_TIMEDOUT and handle.exchange is not None:
                    handle.exchange.wire_bytes = self._received.get(curl.getinfo(pycurl.LOCAL_PORT), 0)
                self._finish(handle, code, text)
        self._received.clear()

    def _finish(self, handle: Handle, code: int, text: str) -> None:
        self._multi.remove_handle(handle.curl)
        del self._by_curl[handle.curl]
        exchange = handle.finish(code, text)
        del self._by_exchange[exchange]
        self._finished.append(exchange)
        if len(self._idle) < MAX_IDLE_HANDLES:
            self._idle.append(handle)
        else:
            handle.close()

    def _drop(self, exchange: Exchange) -> None:
        handle = self._by_exchange.get(exchange)
        if handle is not None:
            self._finish(handle, pycurl.E_ABORTED_BY_CALLBACK, "cancelled")

    def _give_up(self, exchange: Exchange) -> None:
        handle = self._by_exchange.get(exchange)
        if handle is not None and not handle.curl.getinfo(pycurl.CONNECT_TIME):
            self._finish(handle, pycurl.E_OPERATION_TIMEDOUT, "no connection within this address's share of the time")

    def _deliver(self) -> None:
        if not self._finished:
            return
        finished, self._finished = self._finished, []
        _hand_over(finished, _wake_all)

    def _shut_down(self) -> None:
        self._take_orders()
        for exchange in list(self._by_exchange):
            self._drop(exchange)
        finished, self._finished = self._finished, []
        _hand_over(finished, _cancel_all)
        for handle in self._idle:
            handle.close()
        self._multi.close()
        self._epoll.close()


def _hand_over(finished: list[Exchange], deliver: Callable[[list[Exchange]], None]) -> None:
    """Give each event loop its exchanges back in one call."""
    by_loop: defaultdict[asyncio.AbstractEventLoop, list[Exchange]] = defaultdict(list)
    for exchange in finished:
        if exchange.waiter is not None:
            by_loop[exchange.waiter.get_loop()].append(exchange)
    for loop, exchanges in by_loop.items():
        try:
            loop.call_soon_threadsafe(deliver, exchanges)
        except RuntimeError:  # that loop is closed: nobody waits any more
            continue


def _wake_all(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        if exchange.waiter is not None and not exchange.waiter.done():
            exchange.waiter.set_result(None)


def _cancel_all(exchanges: list[Exchange]) -> None:
    for exchange in exchanges:
        if exchange.waiter is not None:
            exchange.waiter.cancel()
