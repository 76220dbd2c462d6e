"""Sparkplug B 3.0 (Eclipse Foundation, 2022): topics, payloads, and what an edge node has told about itself.

Section numbers in these modules are those of the specification.
"""
