"""Stage 3: proximal policy optimisation of the conditional inventor. Import from submodules."""
