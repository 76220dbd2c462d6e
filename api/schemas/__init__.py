"""The shapes of requests and answers, with units and examples: what OpenAPI shows."""
