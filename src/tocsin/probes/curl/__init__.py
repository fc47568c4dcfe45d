"""libcurl: the engine that drives its transfers, and what its errors and moments mean."""
