"""How many faults in the program its quick tests would notice: `make mutation`."""
