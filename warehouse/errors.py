"""Exceptions for errors that are expected. Their message is one sentence. Bugs raise exceptions of other types."""

import errno

_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


class InputError(Exception):
    """A person's input is wrong. The message says what is wrong, where, and what to do.

    The command line prints only the message and ends with exit code 2.
    """


class StoreError(Exception):
    """The store cannot read or write a table. The message says which table, and what to do."""


def disk_trouble(error: OSError) -> str | None:
    """Return a sentence if the disk is full or refuses to write.

    Return None for any other error, because any other error is a bug.
    """
    if error.errno not in _DISK:
        return None
    return f"{error.filename or 'The data folder'} cannot be written ({error.strerror}): free up disk space, give the account that runs Tryghed the right to write there, or set TRYGHED_HOME to another folder."
