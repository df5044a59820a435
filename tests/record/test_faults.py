"""What goes wrong in the recorder or around it never reaches the app."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.recorded import record

ALARMS = """
    import signal, threading

    class Late(Exception):
        pass

    RAISED = {raised}
    hits, armed = 0, False

    def handle(number, frame):
        global hits
        if armed:
            hits += 1
            raise RAISED

    def alone(lock):
        global count
        with lock:
            count += 1

    def nested(lock):
        global count
        with lock:
            with lock:
                count += 1

    def is_free(lock):
        return not (lock._is_owned() if lock is rlock else lock.locked())

    count = swallowed = 0
    lock, rlock = threading.Lock(), threading.RLock()
    signal.signal(signal.SIGALRM, handle)
    signal.setitimer(signal.ITIMER_REAL, 0.0001, 0.00013)
    while hits < 3000:
        for it, use in ((lock, alone), (rlock, alone), (rlock, nested)):
            before = hits
            try:
                armed = True
                try:
                    for _ in range(50):
                        use(it)
                finally:
                    armed = False
            except RAISED:
                pass
            else:
                swallowed += hits - before
            assert is_free(it), (use.__name__, hits)
    signal.setitimer(signal.ITIMER_REAL, 0)
    assert not swallowed, swallowed
    """


@pytest.mark.parametrize("raised", ["KeyboardInterrupt", "TimeoutError", "Late"])
def test_what_a_signals_handler_raises_leaves_no_lock_locked_and_reaches_the_app(tmp_path: Path, raised: str) -> None:
    found = record(tmp_path, ALARMS.format(raised=raised))
    assert found.rows
