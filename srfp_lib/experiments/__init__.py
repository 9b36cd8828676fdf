"""Tables and figures of the paper as pure functions of predictions, features and quality: no network, no photograph."""
