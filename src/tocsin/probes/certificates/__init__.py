"""Certificates: their facts, who issued them, and which roots count."""
