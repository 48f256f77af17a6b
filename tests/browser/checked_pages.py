"""Which browser test looks at which page with axe, by the name of the page: ``test_accessible.py`` reads it.

A new page gets a line here, in the list of addresses of that browser test, or stands below with a reason.
"""

# The browser test (without ``test_``) and the pages of the admissions app that it opens.
ADMISSIONS = {
    "care_and_desk_pages": (
        "care-list care-signal care-detail move-ask school-ask office-care-list office-care move-list move "
        "question-list question-new ticket-list ticket desk-case desk-schools questions ask"
    ),
    "case_pages": "case-list case case-dispute exception-list exception-new exception public-exceptions",
    "ceremony": "draw-room draw-room-round",
    "decisions_and_repairs": "school-draws repair-list repair-propose repair hand-draw places-check",
    "form_entry": (
        "entry-start entry application-list application-detail form-void form-withdraw form-claims form-contact "
        "form-birth-date form-versions form-import form-import-batch"
    ),
    "letter_pages": "letter-list letter-edit",
    "office_pages": (
        "office-today round-list round-detail round-play job clock reset-year child-search child-detail outbox message "
        "school-list planner planner-file planner-round planner-copy planner-copy-school planner-copy-round event-list "
        "member-list member-add member-import member simulation-list simulation api-client-list figures figures-file "
        "equity public-figures school-finder paper-form school-add school-import school-change programme-list "
        "programme board-list region-edit region-add board-mail director-list office-letters office-letter-edit "
        "question-edit round-board-remind helper-start vovp vovp-places"
    ),
    "release": "release",
    "round_board": "round-board round-board-screen ledger ledger-school",
    "school_pages": (
        "school-today admitted-list drawn-out-list reply school-places school-settings school-decisions school-letters "
        "school-messages reach helper-list school-edit rules-edit ceilings-edit draw-mode-edit capped-or-not "
        "answer-card"
    ),
    "sheets": "sheet-start sheet round-report public-report",
    "vovp_pages": "vovp-round vovp-find vovp-family",
}
OTHERS = {
    "check_page": ("check:page",),
    "office_pages": (
        "api:docs",
        "api:swagger",
        "own-sessions",
        "own-places",
        "lottery:session-list",
        "lottery:session-detail",
        "lottery:public-sessions",
    ),
    "school_pages": ("help:index", "help:topic"),
}

# Opened by a click in that test, not by their address.
BY_CLICK = frozenset({"admissions:vovp-family"})

# Files, data for programs, and addresses that only lead on: nothing that a browser shows as a page of ours.
NO_PAGE = frozenset(
    {
        "home",  # leads to the page somebody begins with
        "set_language",
        "agenda",
        "check:take-home",
        "api:job",
        "api:schema",
        "api:statistics",
        "api:statistics-round",
        "api:rounds",
        "api:round",
        "api:outcomes",
        "api:nothing",
        "lottery:session-file",
        "lottery:public-file",
        "lottery:verifier",
        "notifications:letter-link",
        *(
            f"admissions:{name}"
            for name in (
                "sheet-pdf school-sheet office-sheet form-edit form-letter enrolled-export letter-preview school-logo "
                "round-results round-report-pdf round-report-csv public-report-pdf public-report-csv simulation-memo "
                "paper-form-pdf letter post-pdf office-letter-preview"
            ).split()
        ),
    }
)

# Pages that no test opens with axe, each with the reason.
LEFT_OUT = {
    "admissions:entry-compare": "one table between two windows, made of the parts of the entry page",
    "admissions:director": "one form of two fields, made as the other forms are",
    "admissions:decide-by-hand": "a question before deciding, made of the parts of the page of decisions",
    "admissions:post": "a list and one button, made of the parts of the outbox",
    "admissions:release-read": "the words of one message, made of the parts of the message page",
    "lottery:signed-copy": "one form with a file, made of the parts of the session page",
}
