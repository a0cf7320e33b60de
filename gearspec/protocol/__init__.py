"""What the bytes are: table, packets, text protocol, transcripts, clauses. Pure."""
