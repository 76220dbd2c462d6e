"""What ingest and analytics read and write; synchronous, on connections their processes own."""
