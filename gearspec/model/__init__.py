"""What a job server must do, as a sans-IO machine. Pure."""
