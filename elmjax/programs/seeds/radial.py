import math
from walk_creator import walker_creator

def make_circle(wc, cx, cy, radius, num_points):
    """Adds joints around a circle; the last one lands just short of the first."""
    joints = []
    angle = 6.28 / (num_points - 1)
    for k in range(num_points):
        x = math.cos(angle * k) * radius + cx
        y = math.sin(angle * k) * radius + cy
        joints.append(wc.add_joint(x, y))
    return joints

def make_walker():
    wc = walker_creator()
    num_points = 8
    rim = make_circle(wc, 5, 5, 5, num_points)
    hub = wc.add_joint(5, 5)
    for k in range(num_points):
        wc.add_muscle(rim[k], rim[(k + 1) % num_points])
        wc.add_muscle(rim[k], hub, False, k / num_points, k / num_points)
    return wc.get_walker()
