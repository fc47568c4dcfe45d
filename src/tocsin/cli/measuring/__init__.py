"""What `tocsin bench` measures with: a website to check, a server of its own, its clients, and the arithmetic."""
