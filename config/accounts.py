"""Who gets an account, and where they land after logging in."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are handed out by the programme manager; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
