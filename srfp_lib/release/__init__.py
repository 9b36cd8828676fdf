"""The authors' released images in place of our own."""
