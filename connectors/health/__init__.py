"""The health registry: a FHIR R5 server polled for its history, and what its resources mean."""
