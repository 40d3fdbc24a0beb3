"""How many faults in the policy pack its tests would notice: `make mutation`."""
