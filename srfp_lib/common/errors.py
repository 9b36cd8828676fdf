"""The one exception a user's mistake raises; the command line prints its sentence and exits with 2."""


class UserError(Exception):
    """A mistake that the user can mend: one sentence with the value, the file and the remedy."""
