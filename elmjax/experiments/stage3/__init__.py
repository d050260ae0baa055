"""Stage 3 as the paper measures it (section 7, figures 18 and 19)."""
