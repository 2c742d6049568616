"""What runs while the hub runs: one module per component, and what watches over them."""
