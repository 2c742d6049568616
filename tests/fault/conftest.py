"""The fault tests use the workers' rig."""

from tests.integration.streams.conftest import rig

__all__ = ["rig"]
