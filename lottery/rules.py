"""Who may see draw sessions stands in ``schools/matrix.py``. Schools never: the files show more than their own."""

from schools.access import register_permissions

register_permissions("lottery")
