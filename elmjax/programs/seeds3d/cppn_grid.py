from walk_creator import walker_creator

def query_grid(wc, xgrid, ygrid, zgrid, scale, connect_func, amp_func, phase_func):
    """Adds a grid of joints and the springs between them that connect_func picks."""
    joints = {}
    for x in range(xgrid):
        for y in range(ygrid):
            for z in range(zgrid):
                joints[x, y, z] = wc.add_joint(x * scale, y * scale, z * scale)
    places = list(joints)
    for i in range(len(places)):
        for k in range(i):
            dx, dy, dz = (abs(a - b) for a, b in zip(places[i], places[k]))
            if connect_func(dx, dy, dz):
                amp = amp_func(dx, dy, dz)
                phase = phase_func(*places[k])
                wc.add_muscle(joints[places[k]], joints[places[i]], False, amp, phase)
    return joints

def make_walker():
    wc = walker_creator()

    def connect(dx, dy, dz):
        return dx ** 2 + dy ** 2 + dz ** 2 <= 2.5

    def amp(dx, dy, dz):
        return max(dx, dz) - dy / 2

    def phase(x, y, z):
        return x / 4 + z / 2
    joints = query_grid(wc, 4, 2, 2, 1.5, connect, amp, phase)
    return wc.get_walker()
