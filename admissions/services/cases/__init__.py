"""Cases of the programme office: opened by what happened, worked on, and settled only by the action of their kind."""
