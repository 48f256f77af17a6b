"""How forms become HTML: the utrecht-form-field markup of the look, for every form (FORM_RENDERER)."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.forms.renderers import TemplatesSetting
from django.forms.widgets import Input

CLASSES: list[tuple[type[forms.Widget], str]] = [
    (forms.RadioSelect, "utrecht-radio-button"),
    (forms.CheckboxSelectMultiple, "utrecht-checkbox"),
    (forms.CheckboxInput, "utrecht-checkbox"),
    (forms.Select, "utrecht-select"),
    (forms.Textarea, "utrecht-textarea"),
    (Input, "utrecht-textbox"),
]


class LookBoundField(BoundField):
    """Gives every control the class of its kind; a class of the form itself is kept beside it."""

    def build_widget_attrs(self, attrs: dict[str, Any], widget: forms.Widget | None = None) -> dict[str, Any]:
        attrs = super().build_widget_attrs(attrs, widget)
        shown = widget or self.field.widget
        for kind, css in CLASSES:
            if isinstance(shown, kind) and not shown.is_hidden:
                own = shown.attrs.get("class", "")
                attrs["class"] = f"{css} {own}".strip()
                break
        if shown.attrs.get("placeholder") == self.label:
            attrs["placeholder"] = False  # the label says it already
        return attrs

    @property
    def is_choice_list(self) -> bool:
        return isinstance(self.field.widget, forms.RadioSelect | forms.CheckboxSelectMultiple)

    @property
    def is_checkbox(self) -> bool:
        return isinstance(self.field.widget, forms.CheckboxInput)


class LookRenderer(TemplatesSetting):
    form_template_name = "django/forms/oa_form.html"
    field_template_name = "django/forms/oa_field.html"
    bound_field_class = LookBoundField
