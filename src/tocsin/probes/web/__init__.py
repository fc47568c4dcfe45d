"""What an HTTP check is made of: one hop, what it sends, its answer, cookies and redirects. `http.py` joins them."""
