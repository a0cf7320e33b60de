"""The reference server, client and worker."""
