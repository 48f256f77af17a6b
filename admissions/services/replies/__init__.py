"""What families answer: enrolment, withdrawal, moving house."""
