"""What anyone may ask of Tocsin: one module a noun, one function a verb. API, pages and command line all call these."""
