"""Published methods, one per module: numpy in, numpy out; no clock, no randomness, no I/O, no rules of ours.

Columns hold the observations of many datastreams, ordered by datastream and time. What a method needs of earlier
batches it gets as *previous* values, so that one block and many blocks give the same result.
"""
