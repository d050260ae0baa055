"""Where arrays lie: one mesh of devices for every stage, and the hosts that hold them."""
