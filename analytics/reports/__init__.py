"""Reports: gathered once, rendered in each language and format, kept as they were issued."""
