"""What lives in somebody else's process. Needs only the base install; a fault of ours never reaches the host."""
