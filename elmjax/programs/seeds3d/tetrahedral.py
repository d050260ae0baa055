from walk_creator import walker_creator

def make_tetrahedron(wc, cx, cy, cz, size):
    """Adds joints at four corners of a cube no two of which share an edge."""
    corners = []
    for sx, sy, sz in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)):
        corners.append(wc.add_joint(cx + sx * size, cy + sy * size, cz + sz * size))
    return corners

def make_walker():
    wc = walker_creator()
    rim = make_tetrahedron(wc, 3, 3, 3, 3)
    hub = wc.add_joint(3, 3, 3)
    for k in range(4):
        for other in range(k):
            wc.add_muscle(rim[other], rim[k])
        wc.add_muscle(rim[k], hub, False, (k + 1) / 4, k / 4)
    return wc.get_walker()
