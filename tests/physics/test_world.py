import pytest

from physics.world import World


@pytest.mark.parametrize(
    ("field", "value"),
    [("gravity", float("nan")), ("friction", -0.1), ("substeps_per_second", 0)],
)
def test_refuses_constants_without_meaning(field, value):
    with pytest.raises(ValueError, match=f"World.{field}: got"):
        World(**{field: value})
