"""Analytics: committed batches become quality flags, anomalies, alarms and indicators.

follow -> quality -> detectors -> alarms, and beside them the indicators on a timer. ``methods`` are the pure numerics.
"""
