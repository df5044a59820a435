"""``python -m weft_tui`` and the command `weft` begin here, so that Ctrl-C ends them quietly from the first moment."""

import sys


def main() -> None:
    """Run `weft`."""
    try:
        from weft_tui.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
