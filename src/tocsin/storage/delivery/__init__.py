"""Channels and deliveries in the database: what is planned, queued, tried, decided and kept."""
