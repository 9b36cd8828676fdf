"""The one exception a user's mistake raises; the command line prints its sentence and exits with 2."""


class UserError(Exception):
    """A mistake that the user can mend: one sentence with the value, the file and the remedy."""

    def _render_traceback_(self) -> list[str]:
        """What a notebook shows of it, and papermill as its last line: where in the package it was raised helps nobody."""
        return [f"UserError: {self}"]


class MachineError(UserError):
    """What failed for the sake of one machine, its GPU or a disk of its own: another may do the same. One sentence, for the last that tried."""
