"""The walker language in the Python that Monty runs; see `language` for what each name does."""

from elmjax.programs.wire import MAX_JOINT_CALLS, MAX_SPRING_CALLS

ENTRY_CLASS = "Walker"  # of what `get_walker()` returns
TOO_MANY = "too many calls of"

# What `add_joint` takes, and records, by the dimensions.
_PARAMETERS = {2: "x, y", 3: "x, y, z=0.0"}
_RECORDED = {2: "float(x), float(y)", 3: "float(x), float(y), float(z)"}
_NUMBERS = {2: "x, y", 3: "x, y, z"}


def prelude(dim: int) -> str:
    """The language of walkers in two or three dimensions."""
    return f"""
import math
import random

class {ENTRY_CLASS}:
    def __init__(self, joints, springs):
        self.joints = joints
        self.springs = springs

class WalkerCreator:
    def __init__(self):
        self._joints = []
        self._springs = []

    def add_joint(self, {_PARAMETERS[dim]}):
        if len(self._joints) >= {MAX_JOINT_CALLS}:
            raise RuntimeError('{TOO_MANY} add_joint')
        for number in ({_NUMBERS[dim]}):
            if not isinstance(number, (int, float)):
                raise TypeError('must be real number, not ' + type(number).__name__)
        self._joints.append(({_RECORDED[dim]}))
        return len(self._joints) - 1

    def add_muscle(self, j0, j1, is_distance=True, amplitude=1.0, phase=0.0):
        if len(self._springs) >= {MAX_SPRING_CALLS}:
            raise RuntimeError('{TOO_MANY} add_muscle')
        for handle in (j0, j1):
            if not isinstance(handle, int):
                raise TypeError('a joint was wanted, got ' + type(handle).__name__)
            if not 0 <= handle < len(self._joints):
                raise IndexError(f'no joint {{handle}}: {{len(self._joints)}} were added')
        if is_distance:
            self._springs.append((j0, j1, 1.0, 0.0, 0.0))
            return
        for number in (amplitude, phase):
            if not isinstance(number, (int, float)):
                raise TypeError('must be real number, not ' + type(number).__name__)
        self._springs.append((j0, j1, 0.0, float(amplitude), float(phase)))

    def get_walker(self):
        return {ENTRY_CLASS}(list(self._joints), list(self._springs))

class WalkCreator:
    walker_creator = WalkerCreator

walk_creator = WalkCreator()

class Numpy:
    pi = math.pi
    e = math.e
    inf = math.inf
    nan = math.nan
    sin = math.sin
    cos = math.cos
    tan = math.tan
    arcsin = math.asin
    arccos = math.acos
    arctan = math.atan
    arctan2 = math.atan2
    sinh = math.sinh
    cosh = math.cosh
    tanh = math.tanh
    exp = math.exp
    log = math.log
    log2 = math.log2
    log10 = math.log10
    sqrt = math.sqrt
    floor = math.floor
    ceil = math.ceil
    hypot = math.hypot
    fabs = math.fabs
    deg2rad = math.radians
    radians = math.radians
    rad2deg = math.degrees
    degrees = math.degrees
    abs = abs
    absolute = abs
    round = round
    power = pow
    maximum = max
    minimum = min
    float64 = float
    int64 = int

    def sign(self, x):
        return x if x != x else (x > 0) - (x < 0)

    def square(self, x):
        return x * x

    def mod(self, x, y):
        return x % y

    def clip(self, x, lower, upper):
        return min(max(x, lower), upper)

numpy = Numpy()
np = numpy

def query_cppn(wc, xgrid, ygrid, scale, connect_func, amp_func, phase_func):
    grid = [(x, y) for x in range(xgrid) for y in range(ygrid)]
    joints = {{(x, y): wc.add_joint(x * scale, y * scale) for x, y in grid}}
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

def print(*values, **options):
    pass

def sum(iterable, start=0):
    total = start
    for value in iterable:
        total = total + value
    return total
"""
