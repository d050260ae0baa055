"""Names as people read them."""


def terrain_label(name: str) -> str:
    """A terrain's name in words; a file's as it is."""
    return name if name.endswith(".json") else name.replace("_", " ")
