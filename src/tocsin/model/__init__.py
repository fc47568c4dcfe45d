"""The words of Tocsin: enums, schemas, frozen values and their arithmetic. No I/O, no database."""
