"""OGC SensorThings 1.1: addresses and query options are read here, entities become documents; storage finds them."""
