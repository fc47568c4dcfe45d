"""Measurements: each prints ratios against a named alternative of the same run. Not tests."""
