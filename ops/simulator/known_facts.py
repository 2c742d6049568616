"""What the registries hold about the known people (follows)."""

from datetime import date


def enter_known(civil: object, tax: object, health: object, until: date) -> None: ...
