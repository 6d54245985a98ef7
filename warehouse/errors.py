"""Exceptions for expected trouble, whose message is one sentence. Bugs keep their own exceptions."""

import errno

_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


class InputError(Exception):
    """Something that a person gave is wrong: the message says what, where and what to do.

    The command line prints the message alone and ends with exit code 2.
    """


class StoreError(Exception):
    """The store cannot read or write a table: the message says which, and what to do."""


def disk_trouble(error: OSError) -> str | None:
    """The sentence for a disk that is full or does not let us write; None for any other fault, which is a bug."""
    if error.errno not in _DISK:
        return None
    return f"{error.filename or 'The data folder'} cannot be written ({error.strerror}): make room or give the right to write, or point TRYGHED_HOME to another folder."
