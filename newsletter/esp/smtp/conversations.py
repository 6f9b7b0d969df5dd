"""Conversations with servers: several at the same time, but all in one thread.

Threads that each wait for a server of their own hand the interpreter to each other at every system
call, and that takes longer than the work in between. Here, one of the threads takes the steps of
all conversations, and each of the others sleeps until its own has ended.
"""

import os
import select
import socket
import threading
import time
from collections.abc import Generator
from typing import Any, Generic, NamedTuple, TypeAlias, TypeVar

READABLE = select.POLLIN
WRITABLE = select.POLLOUT
T = TypeVar("T")


class SocketWait(NamedTuple):
    """What a conversation waits for: until its socket is READABLE or WRITABLE, and how long."""

    sock: socket.socket
    events: int
    seconds: float


Steps: TypeAlias = Generator[SocketWait, None, T]
"""A conversation over one socket. It goes on when the socket is ready, or with TimeoutError."""


def alone(steps: Steps[T]) -> T:
    """Take all steps of a conversation in this thread; return its result."""
    conversation = _Conversation(steps)
    conversation.advance(ready=True)
    while (wait := conversation.wait) is not None:
        poll = select.poll()
        poll.register(wait.sock, wait.events)
        conversation.advance(ready=bool(poll.poll(1000 * wait.seconds)))
    return conversation.result()


class Conversations:
    """Takes the steps of all conversations in the thread of one of them: it leads.

    When its own conversation has ended, the thread of another one leads.
    """

    def __init__(self) -> None:
        """Begin without a conversation."""
        self._lock = threading.Lock()
        self._arrived: list[_Conversation[Any]] = []
        self._bell: tuple[int, int] | None = None
        """Wakes the thread that leads, if there is one."""
        # The thread that leads uses these without the lock.
        self._present: dict[int, _Conversation[Any]] = {}
        self._poll = select.poll()

    def run(self, steps: Steps[T]) -> T:
        """Return the result of a conversation once it has ended.

        The main thread takes its own steps only: an interruption of it belongs to its conversation.
        """
        if threading.current_thread() is threading.main_thread():
            return alone(steps)
        conversation = _Conversation(steps)
        try:
            self._join(conversation)
        except OSError:  # the process may open no more files
            return alone(steps)
        conversation.turn.wait()
        if conversation.leads:
            try:
                while not conversation.ended:
                    self._take_steps()
            finally:
                self._hand_over(conversation)
        return conversation.result()

    def _join(self, conversation: "_Conversation[Any]") -> None:
        """Add a conversation; its thread leads if no other one does."""
        with self._lock:
            if self._bell is None:
                self._bell = os.pipe()
                self._poll.register(self._bell[0], READABLE)
                conversation.lead()
            else:
                os.write(self._bell[1], b".")
            self._arrived.append(conversation)

    def _hand_over(self, conversation: "_Conversation[Any]") -> None:
        """Let another thread lead, if one is left."""
        if not conversation.ended:  # an interruption of this thread
            self._forget(conversation)
        with self._lock:
            left = [*self._present.values(), *self._arrived]
            others = [other for other in left if other is not conversation]
            self._arrived = [other for other in self._arrived if other is not conversation]
            if others:
                others[0].lead()
            elif self._bell is not None:
                self._poll.unregister(self._bell[0])
                for end in self._bell:
                    os.close(end)
                self._bell = None

    def _take_steps(self) -> None:
        """Begin the conversations that have arrived; go on with those that are ready or late."""
        with self._lock:
            arrived, self._arrived = self._arrived, []
        for conversation in arrived:
            self._advance(conversation, ready=True)
        if not self._present:
            return
        until = min(conversation.until for conversation in self._present.values())
        for file, _events in self._poll.poll(1000 * max(0.0, until - time.monotonic())):
            if file in self._present:
                self._advance(self._present[file], ready=True)
            else:
                os.read(file, 100)  # the bell
        now = time.monotonic()
        if now >= until:
            late = [found for found in self._present.values() if found.until <= now]
            for conversation in late:
                self._advance(conversation, ready=False)

    def _advance(self, conversation: "_Conversation[Any]", *, ready: bool) -> None:
        before = conversation.wait
        conversation.advance(ready=ready)
        wait = conversation.wait
        if wait is None:
            self._forget(conversation)
            conversation.turn.set()
        elif before is None or wait.events != before.events:
            conversation.file = wait.sock.fileno()
            self._present[conversation.file] = conversation
            self._poll.register(conversation.file, wait.events)

    def _forget(self, conversation: "_Conversation[Any]") -> None:
        if self._present.pop(conversation.file, None) is not None:
            self._poll.unregister(conversation.file)


class _Conversation(Generic[T]):
    """A conversation, what it waits for, and how it ended.

    - `file` is the number of its socket; `until` is when it has waited for too long.
    - `turn` wakes its thread, because the conversation has ended or the thread leads now.
    """

    def __init__(self, steps: Steps[T]) -> None:
        self.wait: SocketWait | None = None
        self.until = 0.0
        self.file = -1
        self.ended = self.leads = False
        self.turn = threading.Event()
        self._steps = steps
        self._result: list[T] = []
        self._error: BaseException | None = None

    def lead(self) -> None:
        self.leads = True
        self.turn.set()

    def advance(self, *, ready: bool) -> None:
        """Take one step; it fails with TimeoutError unless the socket is ready."""
        steps = self._steps
        try:
            wait = next(steps) if ready else steps.throw(TimeoutError("no answer in time"))
        except StopIteration as stop:
            self._result.append(stop.value)
        except BaseException as error:  # noqa: BLE001 - `result` raises it in the thread it belongs to
            self._error = error
        else:
            self.wait = wait
            self.until = time.monotonic() + wait.seconds
            return
        self.wait, self.ended = None, True

    def result(self) -> T:
        """Return the result of a conversation that has ended, or raise its error."""
        if self._error is not None:
            try:
                raise self._error
            finally:
                self._error = None  # or it would refer to itself, by the frame of its caller
        return self._result[0]
