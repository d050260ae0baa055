import pytest

from elmjax.programs import ProgramPool


@pytest.fixture(scope="session")
def pool():
    with ProgramPool(workers=2) as pool:
        yield pool
