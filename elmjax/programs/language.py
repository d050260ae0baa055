"""The walker language: everything a program can see. Runs inside the jail; standard library only.

A program builds a walker from joints (point masses, m) and springs (which the paper calls muscles).
In three dimensions joints have a depth as well: every program of the plane is one of space.
Nothing here limits or repairs the walker: that is `build`'s work, outside the jail.

The objects handed to programs are shared by all programs of a worker, so none of them may be
changed by one: modules are instances without attributes of their own, and functions are bound
methods, which take no attributes either. Double underscores are out of a program's reach (`names`).
"""

import builtins
import functools
import math
import operator
from array import array
from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from elmjax.programs.verdict import Verdict
from elmjax.programs.wire import (
    MAX_JOINT_CALLS,
    MAX_SPRING_CALLS,
    SPRING_NUMBERS,
)


class Stop(BaseException):
    """Ends a program with a verdict. No `except Exception` of a program catches it."""

    def __init__(self, verdict: Verdict, reason: str) -> None:
        super().__init__(reason)
        self.verdict = verdict
        self.reason = reason


class ForbiddenImportError(ImportError):
    """A program imported something outside the language; it may catch this as any ImportError."""


class Walker:
    """What `get_walker()` returns: a recording of the calls made so far."""

    __slots__ = ("__joints__", "__springs__")

    def __init__(self, joints: array, springs: array) -> None:
        self.__joints__ = joints.tobytes()  # [joint calls, dim] f64 m
        self.__springs__ = springs.tobytes()  # [spring calls, 5] f64

    def __repr__(self) -> str:
        return "walker"  # without an address, which would differ between runs


class WalkerCreator:
    """Records the joints and springs that a program asks for."""

    __slots__ = ("__joints", "__springs")
    __dim = 2  # numbers of a joint

    def __init__(self) -> None:
        self.__joints = array("d")
        self.__springs = array("d")

    def __repr__(self) -> str:
        return "walker_creator"

    def add_joint(self, x: float, y: float) -> int:
        """Adds a joint at (x, y) in m and returns its handle.

        A handle is the number of the call, counted from 0, so that programs may also compute
        with it and write joint numbers themselves.
        """
        if len(self.__joints) >= MAX_JOINT_CALLS * self.__dim:
            raise Stop(Verdict.TOO_LARGE, f"more than {MAX_JOINT_CALLS} calls of add_joint")
        # Both or neither: a program may catch the TypeError and go on.
        self.__joints.extend(array("d", (x, y)))
        return len(self.__joints) // self.__dim - 1

    def add_muscle(
        self,
        j0: int,
        j1: int,
        is_distance: object = True,
        amplitude: float = 1.0,
        phase: float = 0.0,
    ) -> None:
        """Joins two joints by a spring.

        Args:
            j0: Handle of one joint.
            j1: Handle of the other.
            is_distance: Whether the spring is rigid; any truth value. A rigid spring ignores the
                rest, whatever it is.
            amplitude: Of the oscillation; 1 is the most a walker can do, 0.3 of the rest length.
            phase: Of the oscillation, in cycles.

        Raises:
            TypeError: a handle is no integer.
            IndexError: no call of add_joint returned that handle.
        """
        if len(self.__springs) >= MAX_SPRING_CALLS * SPRING_NUMBERS:
            raise Stop(Verdict.TOO_LARGE, f"more than {MAX_SPRING_CALLS} calls of add_muscle")
        joints = len(self.__joints) // self.__dim
        for handle in (j0, j1):
            # Not of a class of the program's own, whose comparisons may say anything.
            if type(handle) is not int and type(handle) is not bool:
                raise TypeError(f"a joint was wanted, got {type(handle).__name__}")
            if not 0 <= handle < joints:
                raise IndexError(f"no joint {handle}: {joints} were added")
        row = (j0, j1, 1.0, 0.0, 0.0) if is_distance else (j0, j1, 0.0, amplitude, phase)
        self.__springs.extend(array("d", row))

    def get_walker(self) -> Walker:
        """The walker as built so far."""
        return Walker(self.__joints, self.__springs)


class SpatialWalkerCreator(WalkerCreator):
    """A walker in three dimensions."""

    __slots__ = ()
    # Written out, as is `__joints` below: names with two underscores belong to the class above.
    _WalkerCreator__dim = 3

    def add_joint(self, x: float, y: float, z: float = 0.0) -> int:
        """Adds a joint at (x, y, z) in m and returns its handle; y is up, z the depth."""
        joints: array = self._WalkerCreator__joints  # type: ignore[attr-defined]
        if len(joints) >= MAX_JOINT_CALLS * 3:
            raise Stop(Verdict.TOO_LARGE, f"more than {MAX_JOINT_CALLS} calls of add_joint")
        joints.extend(array("d", (x, y, z)))
        return len(joints) // 3 - 1


class _Module:
    """A module as a program sees it: names to read, nothing to assign."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<module '{type(self).__name__}'>"


class _WalkCreator(_Module):
    __slots__ = ()

    def walker_creator(self) -> WalkerCreator:
        """An empty walker to add joints and springs to."""
        return WalkerCreator()


class _SpatialWalkCreator(_Module):
    __slots__ = ()

    def walker_creator(self) -> SpatialWalkerCreator:
        """As `_WalkCreator.walker_creator`."""
        return SpatialWalkerCreator()


class _Numpy(_Module):
    """NumPy's scalar functions under NumPy's names; there are no arrays.

    Where NumPy would give a NaN, such as `np.sqrt(-1)`, these raise as `math` does.
    """

    __slots__ = ()

    pi, e, inf, nan = math.pi, math.e, math.inf, math.nan
    sin, cos, tan = math.sin, math.cos, math.tan
    arcsin, arccos, arctan, arctan2 = math.asin, math.acos, math.atan, math.atan2
    sinh, cosh, tanh = math.sinh, math.cosh, math.tanh
    exp, log, log2, log10, sqrt = math.exp, math.log, math.log2, math.log10, math.sqrt
    floor, ceil, hypot, fabs = math.floor, math.ceil, math.hypot, math.fabs
    deg2rad, rad2deg = radians, degrees = math.radians, math.degrees
    abs = absolute = builtins.abs
    round = builtins.round
    power = builtins.pow
    maximum, minimum = builtins.max, builtins.min
    float64, int64 = builtins.float, builtins.int

    def sign(self, x: float) -> float:
        """-1, 0 or 1; NaN stays NaN. An integer gives an integer."""
        if x != x:  # noqa: PLR0124 - only a NaN differs from itself
            return x
        return (x > 0) - (x < 0)

    def square(self, x: float) -> float:
        return x * x

    def mod(self, x: float, y: float) -> float:
        return x % y

    def clip(self, x: float, lower: float, upper: float) -> float:
        return min(max(x, lower), upper)


class _Given(_Module):
    """Functions that the paper hands to a seed without defining them in it."""

    __slots__ = ()

    def query_cppn(  # noqa: PLR0917 - the paper's signature
        self,
        wc: WalkerCreator,
        xgrid: int,
        ygrid: int,
        scale: float,
        connect_func: Callable[[int, int, int, int], object],
        amp_func: Callable[[int, int, int, int], float],
        phase_func: Callable[[int, int, int, int], float],
    ) -> dict[tuple[int, int], int]:
        """Adds a grid of joints `scale` m apart and the springs that `connect_func` picks.

        The functions take the grid positions (x1, y1, x2, y2) of two joints. As in the paper, the
        pairs left out are those with x1 == y1 and x2 == y2, not those of a joint with itself.
        """
        grid = [(x, y) for x in range(xgrid) for y in range(ygrid)]
        joints = {(x, y): wc.add_joint(x * scale, y * scale) for x, y in grid}
        for x1, y1 in grid:
            for x2 in range(x1, xgrid):
                for y2 in range(y1, ygrid):
                    if x1 == y1 and x2 == y2:
                        continue
                    if connect_func(x1, y1, x2, y2):
                        amplitude = amp_func(x1, y1, x2, y2)
                        phase = phase_func(x1, y1, x2, y2)
                        wc.add_muscle(joints[x1, y1], joints[x2, y2], False, amplitude, phase)
        return joints


class _SeededRandom(Random):
    """The module `random`, seeded by the program's text; an object for each program."""

    def __init__(self, source: str) -> None:
        self.__source = source
        super().__init__(source)

    def seed(self, a: Any = None, version: int = 2) -> None:
        """Seeds by `a`, or by the program's text where the standard library asks the system."""
        super().seed(self.__source if a is None else a, version)

    @property
    def binomialvariate(self) -> None:
        """No part of the language: it came with Python 3.12."""
        raise AttributeError("module 'random' has no attribute 'binomialvariate'")

    def Random(self, x: Any = None) -> "_SeededRandom":  # noqa: N802 - the module's name for it
        """An independent generator."""
        generator = _SeededRandom(self.__source)
        generator.seed(x)
        return generator


class _Builtins(_Module):
    """Functions that stand in for Python's own."""

    __slots__ = ()

    def print(self, *values: object, **options: object) -> None:
        """Prints nowhere."""

    def sum(self, iterable: Iterable[Any], /, start: Any = 0) -> Any:
        """Adds from left to right, as Python did before 3.12 began to compensate floats."""
        if isinstance(start, str | bytes | bytearray):
            raise TypeError("sum() cannot join text")
        return functools.reduce(operator.add, iterable, start)


def _module(name: str, base: type = _Module, **members: object) -> _Module:
    public = tuple(name for name in (*vars(base), *members) if not name.startswith("_"))
    return type(name, (base,), {"__slots__": (), "__all__": public, **members})()


# The language is the same on every Python: what later versions than 3.11 add is not part of it.
_MATH = """
    acos acosh asin asinh atan atan2 atanh cbrt ceil comb copysign cos cosh degrees dist e erf erfc
    exp exp2 expm1 fabs factorial floor fmod frexp fsum gamma gcd hypot inf isclose isfinite isinf
    isnan isqrt lcm ldexp lgamma log log10 log1p log2 modf nan nextafter perm pi pow prod radians
    remainder sin sinh sqrt tan tanh tau trunc ulp
""".split()  # noqa: SIM905 - a list would take a line for each
_LATER_EXCEPTIONS = frozenset({"PythonFinalizationError", "_IncompleteInputError"})

_BUILTIN, _GIVEN = _Builtins(), _Given()
_NUMPY = _module("numpy", _Numpy)
_MODULES = {
    "walk_creator": _module("walk_creator", _WalkCreator),
    "math": _module("math", **{name: getattr(math, name) for name in _MATH}),
    "numpy": _NUMPY,
    "np": _NUMPY,
}

_SPATIAL_MODULES = {**_MODULES, "walk_creator": _module("walk_creator", _SpatialWalkCreator)}

# Everything that neither reaches outside the language nor differs between two runs, as the
# addresses behind `id` and `hash` do.
_OFFERED = """
    __build_class__ abs all any ascii bin bool bytearray bytes callable chr classmethod complex dict
    divmod enumerate filter float format frozenset hex int isinstance issubclass iter len list map
    max min next object oct ord pow property range repr reversed round set slice sorted staticmethod
    str super tuple zip Ellipsis NotImplemented
""".split()  # noqa: SIM905 - a list would take a line for each

_EXCEPTIONS = {
    name: value
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, Exception) and name not in _LATER_EXCEPTIONS
}

_BUILTINS = {
    **{name: getattr(builtins, name) for name in _OFFERED},
    **_EXCEPTIONS,
    "print": _BUILTIN.print,
    "sum": _BUILTIN.sum,
}

WITHHELD = frozenset(dir(builtins)) - frozenset(_BUILTINS)


def given_names(source: str, dim: int = 2) -> dict[str, object]:
    """The global names with which a program starts, fresh for each program."""
    modules = dict(_MODULES if dim == 2 else _SPATIAL_MODULES)
    if "random" in source:  # seeding takes as long as compiling a small program
        modules["random"] = _SeededRandom(source)  # type: ignore[assignment]

    def import_module(
        name: str,
        globals: object = None,
        locals: object = None,
        fromlist: object = (),
        level: int = 0,
    ) -> object:
        try:
            return modules[name]
        except KeyError:
            raise ForbiddenImportError(f"import of {name} is not part of the language") from None

    return {
        "__name__": "walker",  # so that `if __name__ == "__main__":` does not run
        "__builtins__": {**_BUILTINS, "__import__": import_module},
        **modules,
        "query_cppn": _GIVEN.query_cppn,
    }
