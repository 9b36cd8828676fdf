"""What a run costs and needs, before it starts."""
