"""Exceptions for expected errors, such as a fault in a file that people edit. A bug raises another type of exception.

The message of each exception is one sentence.
"""

import errno

_DISK = {errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT}


class InputError(Exception):
    """Something that a person entered or delivered is wrong. The message says what is wrong, where, and what to do.

    The command line prints only the message, and ends with exit code 2.
    """


class StoreError(Exception):
    """A table or the published file cannot be read or written.

    The message names the table or the file, and says what to do.
    """


def disk_trouble(error: OSError) -> str | None:
    """Return a message if the error says that the disk is full, or that writing to the disk is not allowed.

    Return None for any other error, because any other error is a bug.
    """
    if error.errno not in _DISK:
        return None
    return f"{error.filename or 'The data folder'} cannot be written ({error.strerror}): free up disk space, allow the account that runs Tryghed to write there, or set TRYGHED_HOME to another folder."
