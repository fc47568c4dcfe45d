"""Look at every website on time, judge what was seen, and record it."""
