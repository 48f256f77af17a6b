"""The refusal that a user reads: one translated sentence that says what to do."""


class RefusedError(Exception):
    """A request that the rules do not allow. ``str(exc)`` is a translated sentence for the user."""
