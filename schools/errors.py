"""The refusal that a user reads: one translated sentence that says what to do."""

from django.forms import BaseForm


class RefusedError(Exception):
    """A request that the rules do not allow. ``str(exc)`` is a translated sentence for the user.

    ``field`` is the input of a form to which the sentence belongs, or empty.
    """

    field = ""

    def __init__(self, text: object = "", field: str = "") -> None:
        super().__init__(text)
        if field:
            self.field = field

    def put_on(self, form: BaseForm, text: str = "") -> None:
        """The sentence (or ``text`` instead) beside its field, or above the form when that has no such field."""
        form.add_error(self.field if self.field in form.fields else None, text or str(self))
