"""How alerts live, decided without a database: kinds of change, transitions, flapping, schemas."""
