import pytest

from elmjax.programs import LockdownUnavailable, ProgramPool


@pytest.fixture(scope="module")
def pool():
    try:
        with ProgramPool(workers=1) as pool:
            yield pool
    except LockdownUnavailable as reason:
        pytest.skip(f"this machine cannot confine programs: {reason}")
