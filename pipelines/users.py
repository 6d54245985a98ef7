"""The user who launched a run, as named by a proxy that signs users in. `serving.py` tags the run with the name."""

import os
from collections.abc import Mapping

from warehouse.errors import InputError

USER_TAG = "tryghed/user"
SIGNED_IN = "TRYGHED_SIGNED_IN"  # set if there is such a proxy: a typed name is not trusted then


def signed_in(tags: Mapping[str, str]) -> str | None:
    """Return the user who launched the run, or None if there is no proxy. Raises InputError if the proxy named nobody."""
    name = tags.get(USER_TAG)
    if os.environ.get(SIGNED_IN) and not name:
        raise InputError(
            "nobody is signed in, and a name that somebody types is not accepted here: open the page through the proxy, and launch the run there."
        )
    return name
