"""Cases as data: load, check, project onto roles, play. Pure."""
