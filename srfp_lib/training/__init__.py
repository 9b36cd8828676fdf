"""Training the 180 custom networks (paper, section 3.1): losses, one step, and the loop over a stack of networks."""
