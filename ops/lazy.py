"""Load a part of the hub only when it is asked for, and say so when this build lacks it."""

from __future__ import annotations

import importlib
from typing import Any

from schemas.errors import HubError


class NotInThisBuildError(HubError):
    """A table names a part whose module, or the name in it, does not exist."""


def load(target: str) -> Any:
    """Return what ``module:name`` stands for.

    Raises:
        NotInThisBuildError: the module itself is absent; a fault inside it is raised as it is.
    """
    module_name, _, attribute = target.partition(":")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if not f"{module_name}.".startswith(f"{error.name}."):
            raise
        raise NotInThisBuildError(f"{module_name} is not in this build") from error
    if not hasattr(module, attribute):
        raise NotInThisBuildError(f"{target} is not in this build")
    return getattr(module, attribute)
