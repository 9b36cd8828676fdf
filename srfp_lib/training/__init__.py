"""How the 180 custom networks are trained: losses, one training step, and the loop over a stack of networks."""
