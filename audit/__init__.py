"""What happened? Append-only, hash-chained, checkpointed, verifiable."""
