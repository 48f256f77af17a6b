"""Questions to the desks, answers, the public questions, and moving house."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy, pgettext_lazy

from schools.enums import PARENT_TICKETS, SCHOOL_TICKETS, TicketKind
from schools.models import Question

TEXT = {"rows": 6}


class AskForm(forms.Form):
    """What a parent or a school asks; the service says what is missing."""

    kinds: tuple[TicketKind, ...] = PARENT_TICKETS
    kind = forms.ChoiceField(label=gettext_lazy("What do you want?"), widget=forms.RadioSelect)
    question = forms.CharField(
        label=gettext_lazy("Your question"),
        required=False,
        max_length=4000,
        widget=forms.Textarea(attrs=TEXT),
        help_text=gettext_lazy("Do not write a citizen service number here."),
    )
    name = forms.CharField(label=gettext_lazy("Your name"), max_length=120)
    phone = forms.CharField(label=gettext_lazy("Phone number"), max_length=30, required=False)
    email = forms.EmailField(label=gettext_lazy("E-mail address"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [  # type: ignore[attr-defined]
            (kind.value, WORDS[kind]) for kind in self.kinds
        ]
        self.fields["question"].is_conditional = True  # type: ignore[attr-defined]
        for name in ("phone", "email"):
            self.fields[name].is_conditional = True  # type: ignore[attr-defined]  # one of the two is enough


WORDS = {
    TicketKind.CALL_BACK: pgettext_lazy("ask", "Call me back"),
    TicketKind.PARENT: pgettext_lazy("ask", "Answer my question by e-mail"),
    TicketKind.QUESTION: pgettext_lazy("ask", "Answer a question"),
    TicketKind.TRAINING: pgettext_lazy("ask", "Give a training at our school, free of charge"),
}


class ParentAskForm(AskForm):
    """The public form; the last field is for programs that fill in everything, people do not see it."""

    website = forms.CharField(required=False, label=gettext_lazy("Leave this empty"))


class SchoolAskForm(AskForm):
    kinds = SCHOOL_TICKETS


class AnswerForm(forms.Form):
    answer = forms.CharField(
        label=gettext_lazy("What you answered"),
        max_length=4000,
        widget=forms.Textarea(attrs=TEXT),
        error_messages={
            "required": gettext_lazy("Write what you answered, so that a colleague can read it.")
        },
    )


class QuestionForm(forms.ModelForm):  # type: ignore[type-arg]
    """One public question with its answer (DH-196)."""

    class Meta:
        model = Question
        fields = ("category", "position", "question", "answer", "question_en", "answer_en", "is_public")
        labels = {
            "category": gettext_lazy("Subject"),
            "position": gettext_lazy("Place in the list"),
            "question": gettext_lazy("Question in Dutch"),
            "answer": gettext_lazy("Answer in Dutch"),
            "question_en": gettext_lazy("Question in English"),
            "answer_en": gettext_lazy("Answer in English"),
            "is_public": gettext_lazy("Everybody can read this"),
        }
        help_texts = {
            "category": gettext_lazy("Questions with the same subject stand together."),
            "position": gettext_lazy("A low number stands first."),
            "answer": gettext_lazy("Leave an empty line between paragraphs."),
        }
        widgets = {
            "answer": forms.Textarea(attrs=TEXT),
            "answer_en": forms.Textarea(attrs=TEXT),
            "position": forms.NumberInput(attrs={"class": "oa-w-s"}),
        }


class FindCaseForm(forms.Form):
    """The desk finds one family: by number, or by family name and birth date."""

    number = forms.CharField(label=gettext_lazy("Registration number"), max_length=20, required=False)
    surname = forms.CharField(label=gettext_lazy("Family name of the child"), max_length=100, required=False)
    born = forms.DateField(
        label=gettext_lazy("Date of birth"),
        required=False,
        input_formats=("%Y-%m-%d", "%d-%m-%Y"),
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "oa-w-m"}),
        error_messages={"invalid": gettext_lazy("This is not a day. Write it as 18-1-2024.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.is_conditional = True  # type: ignore[attr-defined]


class MoveForm(forms.Form):
    note = forms.CharField(
        label=gettext_lazy("New address, and why the child must change school"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": gettext_lazy("Write the new address and why the child must change school.")
        },
    )


class MoveDecisionForm(forms.Form):
    outcome = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        widget=forms.RadioSelect,
        choices=[
            ("yes", pgettext_lazy("move", "Allowed: the new address lies outside the catchment area")),
            ("no", pgettext_lazy("move", "Not allowed")),
        ],
        error_messages={"required": gettext_lazy("Choose allowed or not allowed.")},
    )
    note = forms.CharField(
        label=gettext_lazy("Reason, as the parents read it"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={"required": gettext_lazy("Give the reason of the decision.")},
    )
