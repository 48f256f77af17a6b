"""The read-only API for other systems, version 1: public figures for everybody, rounds and outcomes with a token."""
