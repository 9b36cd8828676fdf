"""Downloads that resume and are verified, and the weights that must come from elsewhere."""
