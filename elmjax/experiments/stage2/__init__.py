"""Stage 2 as the paper measures it (section 6, appendices E, F and H)."""
