from walk_creator import walker_creator

def make_square(wc, x0, y0, x1, y1):
    """Adds a joint at each corner of a rectangle."""
    corner0 = wc.add_joint(x0, y0)
    corner1 = wc.add_joint(x0, y1)
    corner2 = wc.add_joint(x1, y1)
    corner3 = wc.add_joint(x1, y0)
    wc.add_muscle(corner0, corner2, False, 0.8, 5.0)
    return (corner0, corner1, corner2, corner3)

def make_walker():
    wc = walker_creator()
    corners = make_square(wc, 0, -0.248, 10, 10)
    center = wc.add_joint(5, 5)
    wc.add_muscle(corners[3], corners[0])
    wc.add_muscle(corners[3], center)
    for a in corners:
        for b in corners:
            wc.add_muscle(a, b, False, 0.95, 0.55)
    wc.add_muscle(corners[0], corners[1], False, 0.4, 0.35)
    wc.add_muscle(corners[0], center, False, 5.0, 0.0)
    wc.add_muscle(corners[1], center, False, 10.0, 0.0)
    wc.add_muscle(corners[2], center, False, 2.0, 0.0)
    foot = wc.add_joint(17, 11)
    wc.add_muscle(foot, center, True, 0.9, 0.2)
    wc.add_muscle(foot, corners[2], False, 0.85, 0.15)
    wc.add_muscle(foot, corners[3], False, 0.85, 0.05)
    return wc.get_walker()
