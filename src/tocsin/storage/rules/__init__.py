"""Rules in the database, and the values that they are held against."""
