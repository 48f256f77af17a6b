"""What would have happened under other rules: mechanisms played many times with invented lots.

Plain Python on the engine. A simulation knows no session, no registration number and no child: only lists, classes
and four-digit areas. Nothing in here is ever a result (DESIGN section 6).
"""
