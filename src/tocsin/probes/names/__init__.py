"""From names to addresses, and the messages that name servers are asked with."""
