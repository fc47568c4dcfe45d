"""Alerts in the database: the one way in for sightings, the changes people make, what is due, and what is asked."""
