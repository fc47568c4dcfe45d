"""Words of delivery: channels and deliveries as the doors show them, and the frozen values that decisions take."""
