"""Finds out which user launched a run.

A proxy may sign users in. The proxy then sends the user's name, and `serving.py` adds the name to the run as a tag.
This module reads the tag.
"""

import os
from collections.abc import Mapping

from warehouse.errors import InputError

USER_TAG = "tryghed/user"
SIGNED_IN = "TRYGHED_SIGNED_IN"  # set if a proxy signs users in; a name that somebody types is then not accepted


def signed_in(tags: Mapping[str, str]) -> str | None:
    """Return the name of the user who launched the run. Return None if no proxy signs users in.

    Raises InputError if a proxy signs users in, but no tag of the run has a user's name.
    """
    name = tags.get(USER_TAG)
    if os.environ.get(SIGNED_IN) and not name:
        raise InputError(
            "nobody is signed in, and a name that somebody types is not accepted here: open the page through the proxy, and launch the run there."
        )
    return name
