"""The 25 published networks behind one interface."""
