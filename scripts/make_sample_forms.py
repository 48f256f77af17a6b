"""Make the ten sample forms of demo/sample_forms as PDF, and an empty one, from families.json.

    python scripts/make_sample_forms.py

The same families always give the same bytes, so that only a real change shows in git.
"""

import json
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "demo" / "sample_forms"
LINES = 6  # schools to write on the paper


def main() -> int:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    import django

    django.setup()
    from django.template.loader import render_to_string

    from schools.services.pdf import Press

    families = json.loads((FOLDER / "families.json").read_text())
    press = Press("css/record.css", "css/paper-form.css")
    empty = {"file": "leeg-formulier", "schools": [families["first_choice"]["name"]]}
    for form in [*families["forms"], empty]:
        lines = [*form["schools"], *[""] * (LINES - len(form["schools"]))]
        context = {
            "form": form,
            "schools": lines,
            "school": families["first_choice"],
            "year": families["year"],
            "place": families["place"],
            "sample": form is not empty,
        }
        html = render_to_string("admissions/paper_form.html", context)
        path = FOLDER / f"{form['file']}.pdf"
        path.write_bytes(press.render(html, identifier=form["file"].encode()))
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
