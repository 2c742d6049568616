"""Check the hub's audit log without the hub: nothing of ours is imported, nothing is asked online.

Needs Python 3.11 and the package ``cryptography``; the folder can be copied and run anywhere, as
``python -m hub_verify``. What it checks, and what that proves, is in ``docs/audit.md``.

Sources: C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-tiles v0.1.0, tlog-proof (untagged);
RFC 9162, 2.1.3 and 2.1.4.
"""
