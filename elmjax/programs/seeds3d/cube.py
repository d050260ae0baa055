from walk_creator import walker_creator

def make_cube(wc, x0, y0, z0, side):
    """Adds a joint at each corner of a cube and rigid springs along its edges."""
    corners = []
    for dx in (0, 1):
        for dy in (0, 1):
            for dz in (0, 1):
                corners.append(wc.add_joint(x0 + dx * side, y0 + dy * side, z0 + dz * side))
    for k in range(8):
        for bit in (1, 2, 4):
            if k & bit == 0:
                wc.add_muscle(corners[k], corners[k + bit])
    return corners

def make_walker():
    wc = walker_creator()
    corners = make_cube(wc, 0, 0, 0, 6)
    center = wc.add_joint(3, 3, 3)
    wc.add_muscle(corners[0], center, False, 5.0, 0.0)
    wc.add_muscle(corners[3], center, False, 2.0, 0.25)
    wc.add_muscle(corners[5], center, False, 10.0, 0.5)
    wc.add_muscle(corners[6], center, False, 2.0, 0.0)
    for k in (1, 2, 4, 7):
        wc.add_muscle(corners[k], center)
    return wc.get_walker()
