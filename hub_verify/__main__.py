"""``python -m hub_verify``."""

from hub_verify.command import main

main()
