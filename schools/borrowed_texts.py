"""Texts of allauth that our own catalogue says in our own words: "u", short, and what to do next.

Nothing imports this; it is here so that ``makemessages`` finds the texts and our catalogue goes before allauth's.
"""

from django.utils.translation import gettext_noop as _

TEXTS = [
    _("Email"),
    _("Password"),
    _("Current Password"),
    _("New Password"),
    _("New Password (again)"),
    _("Code"),
    _("Authenticator code"),
    _("Name"),
    _("Passwordless"),
    _("This account is currently inactive."),
    _("The email address and/or password you specified are not correct."),
    _("Please type your current password."),
    _("Incorrect code."),
    _("Incorrect password."),
    _("Invalid or expired key."),
    _("The password reset token was invalid."),
    _("Too many failed login attempts. Try again later."),
    _("You cannot deactivate two-factor authentication."),
    _("A new set of recovery codes has been generated."),
    _("Authenticator app activated."),
    _("Authenticator app deactivated."),
    _("Security key added."),
    _("Security key removed."),
    _("You have signed out."),
    _("Password successfully changed."),
    _("Password successfully set."),
    _("Use your password"),
    _("Use authenticator app or code"),
    _("Use a security key"),
    _("Master key"),
    _("Backup key"),
    _("Key nr. {number}"),
]
