"""Finds out which user launched a run. A proxy that signs users in sends the user's name.

`serving.py` tags the run with this name.
"""

import os
from collections.abc import Mapping

from warehouse.errors import InputError

USER_TAG = "tryghed/user"
SIGNED_IN = "TRYGHED_SIGNED_IN"  # set if a proxy signs users in: a name that somebody typed is not trusted then


def signed_in(tags: Mapping[str, str]) -> str | None:
    """Return the name of the user who launched the run, or None if there is no proxy.

    Raises InputError if there is a proxy, but it sent no name.
    """
    name = tags.get(USER_TAG)
    if os.environ.get(SIGNED_IN) and not name:
        raise InputError(
            "nobody is signed in, and a name that somebody types is not accepted here: open the page through the proxy, and launch the run there."
        )
    return name
