"""Conversations of several threads: one thread takes all steps, and each gets its own result."""

import errno
import os
import resource
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

import pytest

from newsletter.esp.smtp.conversations import (
    READABLE,
    WRITABLE,
    Conversations,
    SocketWait,
    Steps,
    alone,
)

PATIENCE = 60.0
T = TypeVar("T")


@contextmanager
def line() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Yield our end and the other end of a connection."""
    ours, other = socket.socketpair()
    with ours, other:
        ours.setblocking(False)
        yield ours, other


def received(sock: socket.socket, seconds: float = PATIENCE) -> Steps[bytes]:
    """Wait for one byte, and return it."""
    yield SocketWait(sock, READABLE, seconds)
    return sock.recv(1)


def led(conversations: Conversations, steps: Steps[T]) -> T:
    """Run a conversation in a thread that may lead, unlike the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(conversations.run, steps).result(PATIENCE)


def test_each_thread_gets_the_result_of_its_own_conversation() -> None:
    """Steps never overlap, although the conversations do."""
    conversations, busy = Conversations(), threading.Lock()

    def counted(sock: socket.socket, number: int) -> Steps[int]:
        for _ in range(50):
            yield SocketWait(sock, WRITABLE, PATIENCE)
            assert busy.acquire(blocking=False), "two steps at the same time"
            sock.send(b".")
            busy.release()
            yield SocketWait(sock, READABLE, PATIENCE)
            assert sock.recv(1) == b"."
        return number

    def converse(number: int) -> int:
        with line() as (ours, other), ThreadPoolExecutor(1) as server:
            echo = server.submit(lambda: [other.send(other.recv(1)) for _ in range(50)])
            found = conversations.run(counted(ours, number))
            assert len(echo.result()) == 50
            return found

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(converse, range(60))) == list(range(60))


def test_a_conversation_goes_on_when_the_one_that_led_has_ended() -> None:
    """Its own thread leads then, and takes the steps of what arrives later."""
    conversations = Conversations()
    threads: dict[str, list[int]] = {name: [] for name in "abc"}
    begun = {name: threading.Event() for name in "abc"}

    def noted(name: str, sock: socket.socket) -> Steps[bytes]:
        threads[name].append(threading.get_ident())
        begun[name].set()
        found = yield from received(sock)
        threads[name].append(threading.get_ident())
        return found

    with (
        line() as (a, to_a),
        line() as (b, to_b),
        line() as (c, to_c),
        ThreadPoolExecutor(3) as pool,
    ):
        first = pool.submit(conversations.run, noted("a", a))
        assert begun["a"].wait(PATIENCE)
        second = pool.submit(conversations.run, noted("b", b))
        assert begun["b"].wait(PATIENCE)
        to_a.send(b"1")
        assert first.result(PATIENCE) == b"1"
        third = pool.submit(conversations.run, noted("c", c))
        to_c.send(b"3")
        assert third.result(PATIENCE) == b"3"
        assert not second.done()
        to_b.send(b"2")
        assert second.result(PATIENCE) == b"2"
    assert threads["a"][0] == threads["b"][0] != threads["b"][1]
    assert threads["c"] == [threads["b"][1]] * 2


@pytest.mark.parametrize("led", [True, False])
def test_an_error_concerns_only_its_own_conversation(*, led: bool) -> None:
    conversations = Conversations()

    def failing(sock: socket.socket) -> Steps[bytes]:
        yield from received(sock)
        msg = "no space left"
        raise OSError(msg)

    with line() as (good, to_good), line() as (bad, to_bad), ThreadPoolExecutor(2) as pool:
        pair = [received(good), failing(bad)]
        futures = [pool.submit(conversations.run, steps) for steps in (pair[::-1] if led else pair)]
        fine, broken = futures[::-1] if led else futures
        to_bad.send(b"x")
        with pytest.raises(OSError, match="no space left"):
            broken.result(PATIENCE)
        to_good.send(b"y")
        assert fine.result(PATIENCE) == b"y"


def test_who_waits_too_long_gets_a_timeout_and_the_others_go_on() -> None:
    conversations = Conversations()
    with line() as (slow, _), line() as (late, to_late), ThreadPoolExecutor(2) as pool:
        going = pool.submit(conversations.run, received(late))
        silent = pool.submit(conversations.run, received(slow, 0.01))
        with pytest.raises(TimeoutError):
            silent.result(PATIENCE)
        assert not going.done()
        to_late.send(b"z")
        assert going.result(PATIENCE) == b"z"


def test_what_is_ready_is_taken_even_if_it_is_late() -> None:
    with line() as (ours, other):
        other.send(b"a")
        assert alone(received(ours, 0.0)) == b"a"
        other.send(b"b")
        assert led(Conversations(), received(ours, 0.0)) == b"b"
        with pytest.raises(TimeoutError):
            alone(received(ours, 0.0))
        with pytest.raises(TimeoutError):
            led(Conversations(), received(ours, 0.0))


def test_a_conversation_may_end_without_waiting() -> None:
    def at_once() -> Steps[int]:
        yield from ()
        return 7

    assert led(Conversations(), at_once()) == alone(at_once()) == 7


def test_a_conversation_that_has_ended_leaves_no_open_file() -> None:
    conversations, most = Conversations(), resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(512, most[0]), most[1]))
        with line() as (ours, other), ThreadPoolExecutor(1) as pool:
            for _ in range(600):
                other.send(b"a")
                assert pool.submit(conversations.run, received(ours)).result(PATIENCE) == b"a"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, most)


def test_the_main_thread_takes_its_own_steps_only() -> None:
    """An interruption of it must not end the conversation of another thread."""
    conversations, begun, taken = Conversations(), threading.Event(), list[int]()

    def noted(sock: socket.socket) -> Steps[bytes]:
        found = yield from received(sock)
        taken.append(threading.get_ident())
        return found

    def begins(sock: socket.socket) -> Steps[bytes]:
        begun.set()
        return (yield from received(sock))

    with line() as (ours, other), line() as (busy, to_busy), ThreadPoolExecutor(1) as pool:
        leading = pool.submit(conversations.run, begins(busy))
        assert begun.wait(PATIENCE)
        other.send(b"a")
        assert conversations.run(noted(ours)) == b"a"
        to_busy.send(b"b")
        assert leading.result(PATIENCE) == b"b"
    assert taken == [threading.get_ident()]


def test_a_process_that_may_open_no_more_files_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> tuple[int, int]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe", full)
    with line() as (ours, other):
        other.send(b"a")
        assert led(Conversations(), received(ours)) == b"a"
