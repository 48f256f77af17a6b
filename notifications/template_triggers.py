"""What the database itself keeps of texts and letters, also for raw SQL (DH-155)."""

from schools.triggers import Rule, never_replaced, register

_SENT = "(SELECT m.state FROM notifications_message m WHERE m.id = OLD.message_id) = 'released'"
_NO_RESET = (
    "NOT EXISTS (SELECT 1 FROM schools_admissionyear y JOIN notifications_message m ON m.year_id = y.id "
    "WHERE m.id = OLD.message_id AND y.reset_started_at IS NOT NULL)"
)

register(
    Rule(
        "notifications_lettertemplate_no_update",
        "notifications_lettertemplate",
        "UPDATE",
        "1=1",
        "notifications_lettertemplate: a version stays as it was saved",
    ),
    Rule(
        "notifications_lettertemplate_no_delete",
        "notifications_lettertemplate",
        "DELETE",
        "1=1",
        "notifications_lettertemplate: versions are kept",
    ),
    never_replaced("notifications_lettertemplate"),
    Rule(
        "notifications_templateapproval_no_update",
        "notifications_templateapproval",
        "UPDATE",
        "1=1",
        "notifications_templateapproval: who approved a version, and when, stays",
    ),
    Rule(
        "notifications_templateapproval_no_delete",
        "notifications_templateapproval",
        "DELETE",
        "1=1",
        "notifications_templateapproval: an approval is kept; a newer version takes its place",
    ),
    never_replaced("notifications_templateapproval", "r.template_id = NEW.template_id"),
    Rule(
        "notifications_letter_no_update",
        "notifications_letter",
        "UPDATE",
        "1=1",
        "notifications_letter: a letter does not change; one that was not sent is made again",
    ),
    Rule(
        "notifications_letter_no_delete",
        "notifications_letter",
        "DELETE",
        f"{_SENT} AND {_NO_RESET}",
        "notifications_letter: a letter that was sent stays",
    ),
    never_replaced("notifications_letter", "r.message_id = NEW.message_id"),
)
