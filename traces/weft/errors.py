"""The one exception that a person is meant to read."""


class WeftError(Exception):
    """Something that the user can mend: the text says what happened and what to do next."""
