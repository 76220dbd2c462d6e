"""Indicators: figures about the city, each with its denominator and its reasons."""
