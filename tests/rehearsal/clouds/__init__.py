"""The stand-in clouds, through the real engine."""
