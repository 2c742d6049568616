"""The local token issuer: for development, and for hubs without an identity provider."""
