"""Places of a school: ceilings, ledger, exceptions, the VOVP."""
