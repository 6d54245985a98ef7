"""Who launched a run, as named by a proxy that signs people in. `serving.py` puts the name into the run."""

import os
from collections.abc import Mapping

from warehouse.errors import InputError

USER_TAG = "tryghed/user"  # who launched a run, as named by a proxy that signs people in (`serving.py`)
SIGNED_IN = "TRYGHED_SIGNED_IN"  # set where there is such a proxy: then a typed name is not trusted


def signed_in(tags: Mapping[str, str]) -> str | None:
    """Return who launched the run, None if no proxy named anybody. Raises InputError where one should have."""
    name = tags.get(USER_TAG)
    if os.environ.get(SIGNED_IN) and not name:
        raise InputError(
            "nobody is signed in, and a typed name proves nothing here: launch it from the page behind the proxy."
        )
    return name
