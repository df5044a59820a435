"""The pytest plugin. It is loaded in every run of pytest, so it imports what it needs when a test needs it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from weft.testing import surroundings

if TYPE_CHECKING:
    from weft.testing.fixture import Weft

ORDERS = "weft orders"
"""What the section of a report is called that tells them."""

MARK = (
    "weft(stops, interpreter, seconds, executions, inconclusive, ...): options of weft.assert_holds, for the weft "
    "fixture; without it the function makes a weft.stage.Scenario, which must hold in every order of its threads' steps"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the plugin's options."""
    group = parser.getgroup("weft", "weft: orders of threads")
    group.addoption("--weft-orders", action="store_true", help="tell which orders of threads were tried")
    parser.addini("weft_schedules", "folder for schedules of orders that fail (default: in pytest's cache)", default="")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line("markers", MARK)


class Item(surroundings.Surroundings):
    """A test that pytest runs."""

    def __init__(self, item: pytest.Item) -> None:
        self._item, self._config = item, item.config
        self.orders = bool(item.config.getoption("--weft-orders"))

    @property
    def name(self) -> str:  # type: ignore[override]
        """Return the name of the test for files."""
        return surroundings.slug(self._item.nodeid.replace(".py::", "-"))

    @property
    def root(self) -> Path:
        """Return pytest's root folder, or the working directory above it."""
        root, here = self._config.rootpath, Path.cwd()
        return here if root.is_relative_to(here) else root

    @property
    def folder(self) -> Path:
        """Return the folder of the test's file."""
        return self._item.path.parent

    @property
    def schedules(self) -> Path:
        """Return the folder that was configured, else one in pytest's cache."""
        wanted = str(self._config.getini("weft_schedules"))
        if wanted:
            return self._config.rootpath / wanted
        cache = getattr(self._config, "cache", None)
        return Path(cache.mkdir("weft")) if cache is not None else self._config.rootpath / ".weft"

    def tell(self, title: str, text: str) -> None:
        """Add a section to the test's report."""
        self._item.add_report_section("call", title, text)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Remember which test runs."""
    surroundings.now = Item(item)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Forget it."""
    surroundings.now = surroundings.NOWHERE


@pytest.fixture
def weft(request: pytest.FixtureRequest) -> Weft:
    """Assert what holds in every order of threads: ``weft.holds("shop:create_app", requests=[...], check=...)``."""
    from weft.testing.fixture import Weft

    mark = request.node.get_closest_marker("weft")
    return Weft(_options(mark) if mark is not None else {})


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Assert that the scenario holds which a marked function makes."""
    mark = next((one for one in pyfuncitem.own_markers if one.name == "weft"), None)
    if mark is None or "weft" in pyfuncitem.fixturenames:
        return None
    from weft.errors import WeftError
    from weft.testing.asserting import assert_holds

    options, wrong = _options(mark), ""
    try:
        if pyfuncitem._fixtureinfo.argnames:
            raise WeftError(
                f"{pyfuncitem.name} is marked weft and makes a scenario, so it takes no arguments: the app's process, "
                "which calls it, has no fixtures; for a test that asserts take the fixture weft"
            )
        assert_holds(pyfuncitem.function, **options)
    except (AssertionError, WeftError) as error:
        wrong = str(error)
    if wrong:
        pytest.fail(wrong, pytrace=False)
    return True


def _options(mark: pytest.Mark) -> Mapping[str, Any]:
    if mark.args:
        pytest.fail("the mark weft takes options by name only; name the app in weft.holds(...)", pytrace=False)
    return mark.kwargs


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Tell which orders were tried in tests that passed; those of others stand in their reports."""
    if not config.getoption("--weft-orders"):
        return
    told = [
        (report.nodeid, text)
        for report in terminalreporter.getreports("passed")
        if report.when == "call"
        for title, text in report.sections
        if ORDERS in title
    ]
    if told:
        terminalreporter.section("orders of threads that were tried")
    for nodeid, text in told:
        terminalreporter.line(nodeid)
        terminalreporter.line(text)
