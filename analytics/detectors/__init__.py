"""Detectors: methods applied to rules. Each turns blocks of observations into changes of severity."""
