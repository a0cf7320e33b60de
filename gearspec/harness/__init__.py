"""Targets, expectations, verdicts, and the loop that plays cases on a wire."""
