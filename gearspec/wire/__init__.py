"""The only sockets and clocks."""
