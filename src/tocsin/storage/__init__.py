"""The database: tables, one module a noun, rollups, retention and migrations. Nothing above knows SQL."""
