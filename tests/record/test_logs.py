"""Log records as marks: only when asked for, formatted by nobody but the app, and nothing else changes."""

from __future__ import annotations

from pathlib import Path

from support.recorded import Recorded, record, run
from weft.events import Kind


def logged(found: Recorded) -> list[tuple[int, str]]:
    return [(row.value, row.what) for row in found.of(Kind.LOG)]


APP = """
    import logging
    logging.basicConfig(level=logging.DEBUG, filename="/dev/null")
    log = logging.getLogger("shop.cart")
    log.debug("cart of %s", "alice")
    log.warning("low on %s", "looms")
    log.log(35, "odd")
    logging.critical("gone")
"""


def test_nothing_is_recorded_unless_asked_for(tmp_path: Path) -> None:
    assert logged(record(tmp_path, APP)) == []


def test_everything_is_recorded_with_logger_and_level(tmp_path: Path) -> None:
    assert logged(record(tmp_path, APP, log=0)) == [
        (10, "shop.cart: cart of alice"),
        (30, "shop.cart: low on looms"),
        (35, "shop.cart: odd"),
        (50, "root: gone"),
    ]


def test_below_the_level_nothing_is_recorded(tmp_path: Path) -> None:
    assert [level for level, _ in logged(record(tmp_path, APP, log=30))] == [30, 35, 50]


def test_a_message_is_formatted_as_often_as_without_us(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import logging
        class Counted:
            times = 0
            def __str__(self):
                Counted.times += 1
                return "counted"
        log = logging.getLogger("shop")
        log.propagate = False
        class Silent(logging.Handler):
            def emit(self, record): pass
        log.addHandler(Silent())
        log.error("nobody formats %s", Counted())
        assert Counted.times == 0
        log.error(Counted())
        assert Counted.times == 0
        log.addHandler(logging.FileHandler("/dev/null"))
        log.error("a handler formats %s", Counted())
        assert Counted.times == 1
        """,
        log=0,
    )
    assert [text for _, text in logged(found)] == [
        "shop: nobody formats %s",
        "shop: Counted",
        "shop: a handler formats counted",
    ]


def test_the_last_resort_and_basic_config_work_as_ever(tmp_path: Path) -> None:
    done = run(
        tmp_path / "t.weft",
        """
        import logging
        assert not logging.root.handlers
        logging.warning("first")
        logging.getLogger("shop").warning("second")
        def caller():
            logging.getLogger("shop").warning("third")
        caller()
        """,
        log=0,
    )
    assert done.stderr == "WARNING:root:first\nWARNING:shop:second\nWARNING:shop:third\n"


def test_a_handler_that_raises_still_does(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        """
        import logging
        class Broken(logging.Handler):
            def handle(self, record): raise KeyError("mine")
        log = logging.getLogger("shop")
        log.addHandler(Broken())
        try:
            log.error("x")
        except KeyError as error:
            assert error.args == ("mine",)
        else:
            raise AssertionError
        """,
        log=0,
    )
    assert logged(found) == [(40, "shop: x")]


def test_a_log_call_inside_the_recorder_comes_back_to_nothing(tmp_path: Path) -> None:
    # Errors of the recorder go to stderr, which some apps hand to logging.
    done = run(
        tmp_path / "t.weft",
        """
        import logging, sys
        logging.basicConfig(filename="/dev/null")
        class ToLog:
            def write(self, text): logging.error(text)
            def flush(self): pass
        sys.stderr = ToLog()
        from _weft.record import said
        def broken(*words): raise RuntimeError("ours")
        said.log = broken
        logging.error("x")
        logging.error("y")
        print("ran")
        """,
        log=0,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")


def test_records_that_are_not_as_they_should_be_do_no_harm(tmp_path: Path) -> None:
    found = record(
        tmp_path,
        r"""
        import logging
        log = logging.getLogger("shop")
        log.propagate = False
        log.addHandler(logging.NullHandler())
        for change in ({"name": 3}, {"msg": "x" * 9000}, {"levelno": 10**30}, {"msg": "\ud800\n"}, {"message": 7}):
            record = logging.makeLogRecord({"name": "shop", "msg": "m", "levelno": 20, **change})
            log.handle(record)
        """,
        log=0,
    )
    assert [level for level, _ in logged(found)] == [20, 20, 1000, 20, 20]
    assert [len(text) for _, text in logged(found)] == [4, 200, 7, 8, 7]
