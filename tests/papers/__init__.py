"""Plain implementations from the papers, which share no code with the pack: what it is compared with."""
