"""Make the ten sample forms of demo/sample_forms as PDF, and an empty one, from families.json.

    python scripts/make_sample_forms.py

The same families always give the same bytes, so that only a real change shows in git.
"""

import json
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "demo" / "sample_forms"
MINIMUM = 5  # schools on the list
# What a family wrote, by its field in the code on the form (DH-038).
CODED = {
    "given_name": "given_name",
    "surname_prefix": "surname_prefix",
    "surname": "surname",
    "date_of_birth": "born",
    "postcode": "postcode",
    "house_number": "number",
    "street": "street",
    "place": "place",
    "guardian_name": "parent",
    "guardian2_name": "parent2",
    "email": "email",
    "phone": "phone",
    "care_note": "care_note",
}


def main() -> int:
    sys.path.insert(0, str(ROOT))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.local")
    import django

    django.setup()
    from admissions.services.forms.paper_code import write_code
    from admissions.services.forms.paper_form import PaperForm, paper_pdf

    families = json.loads((FOLDER / "families.json").read_text())
    school = SimpleNamespace(**families["first_choice"], hand_in="paper", hand_in_note="", street="")
    paper = PaperForm(families["place"], families["year"], MINIMUM, school)
    empty: dict[str, Any] = {"file": "leeg-formulier"}
    for form in [*families["forms"], empty]:
        code = ""
        if form is not empty:
            typed = {name: form[key] for name, key in CODED.items()}
            typed |= {
                "is_twin": "1" if form["twin"] else "",
                "care_request": "1" if form["care"] == "ja" else "0",
            }
            code = write_code(families["region"], families["year"], typed, form["schools"])
        content = paper_pdf(paper, form, language="nl", sample=form is not empty, code=code)
        path = FOLDER / f"{form['file']}.pdf"
        path.write_bytes(content)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
