"""Pages of a school in words, for who looked along."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from schools.matrix import PAGES

ABOUT: dict[str, Any] = {
    "child": gettext_lazy("Page of a child"),
    "placed": gettext_lazy("Page of a child"),
    "placement": gettext_lazy("Reply of a family"),
    "care": gettext_lazy("Care route of a child"),
    "entry": gettext_lazy("Typing a form"),
    "batch": gettext_lazy("Import of forms"),
    "round": gettext_lazy("Letters"),
}


def page_about(name: str) -> str:
    """What a page that is not in the menu is about; never empty, so that nothing looked at stays hidden."""
    about = PAGES[name].about if name in PAGES else ""
    return str(ABOUT.get(about) or _("Other page (%(name)s)") % {"name": name.partition(":")[2] or name})
