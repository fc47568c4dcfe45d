"""What may be looked at, and which options each kind of check has."""
