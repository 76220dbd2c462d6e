"""Delivery of alarm events to other systems: from the outbox, signed, tried again until it worked."""
