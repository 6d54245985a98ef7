"""Trouble that is expected, said in one sentence. Bugs are not here: they keep their own exceptions."""


class InputError(Exception):
    """Something that a person gave is wrong: the message says what, where and what to do.

    The command line prints the message alone and ends with exit code 2.
    """


class StoreError(Exception):
    """The store cannot give or take a table: the message says which, and what to do."""
