"""The demos are found by what they define."""

from __future__ import annotations

import importlib
import subprocess
import sys

import pytest

from weft_demos import names, serve


def test_the_demos_are_the_modules_that_build_an_app() -> None:
    assert names() == ["shop"]


@pytest.mark.parametrize("name", names())
def test_each_demo_builds_an_app_that_answers(name: str) -> None:
    assert serve.load_app(name).test_client().get("/").status_code == 200
    assert importlib.import_module(f"weft_demos.{name}").create_app.__doc__


@pytest.mark.parametrize("name", ["nothing", "serve", "weft_demos.shop", "\x1b[31mred"])
def test_an_unknown_demo_is_one_line_and_exit_code_2(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main([name]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert "shop" in err
    assert "\x1b" not in err


def test_a_session_and_its_load_do_without_flask() -> None:
    code = "import sys, weft_demos.session as s; s.names(); print({'flask', 'werkzeug'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "set()\n"
