"""To whom, surely: plans whom to tell of each change of an alert, and tells them, whatever gets in the way."""
