from walk_creator import walker_creator

def make_square(wc, x0, y0, x1, y1):
    """Adds a joint at each corner of a rectangle."""
    corner0 = wc.add_joint(x0, y0)
    corner1 = wc.add_joint(x0, y1)
    corner2 = wc.add_joint(x1, y1)
    corner3 = wc.add_joint(x1, y0)
    return (corner0, corner1, corner2, corner3)

def make_walker():
    wc = walker_creator()
    corners = make_square(wc, 0, 0, 10, 10)
    center = wc.add_joint(5, 5)
    for k in range(len(corners) - 1):
        wc.add_muscle(corners[k], corners[k + 1])
    wc.add_muscle(corners[3], corners[0])
    wc.add_muscle(corners[3], center)
    wc.add_muscle(corners[0], center, False, 5.0, 0.0)
    wc.add_muscle(corners[1], center, False, 10.0, 0.0)
    wc.add_muscle(corners[2], center, False, 2.0, 0.0)
    return wc.get_walker()
