"""Pages of the admissions app, one module per kind of user."""
