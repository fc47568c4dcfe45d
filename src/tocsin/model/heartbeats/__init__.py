"""Heartbeats: websites that are not looked at, but whose jobs report by themselves. Words and arithmetic only."""
