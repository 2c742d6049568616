"""The tax registry: files in a drop folder, and what their rows mean."""
