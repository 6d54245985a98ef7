"""Who launched a run, by the word of a proxy that signs people in. How the word gets into the run is in `serving.py`."""

import os
from collections.abc import Mapping

from warehouse.errors import InputError

USER_TAG = "tryghed/user"  # who launched a run, by the word of a proxy that signs people in (`serving.py`)
SIGNED_IN = "TRYGHED_SIGNED_IN"  # set where there is such a proxy: then a typed name proves nothing


def signed_in(tags: Mapping[str, str]) -> str | None:
    """Who launched the run, by the proxy's word. Raises InputError where a proxy signs people in and gave no name."""
    name = tags.get(USER_TAG)
    if os.environ.get(SIGNED_IN) and not name:
        raise InputError(
            "nobody is signed in, and a typed name proves nothing here: launch it from the page behind the proxy."
        )
    return name
