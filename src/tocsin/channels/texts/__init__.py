"""What a message says: composed once, rendered for each provider, shortened where one is narrow. Pure."""
