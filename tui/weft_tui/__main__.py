"""``python -m weft_tui`` is `weft`."""

from weft_tui.cli import main

if __name__ == "__main__":
    main()
