"""What is expected of a check as people write it, and what is told of certificates that expire."""
