"""The AsyncAPI document of the hub's topics, and the page that shows it to people."""
