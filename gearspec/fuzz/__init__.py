"""Strategies, the state machine, and the way from a find to a script."""
