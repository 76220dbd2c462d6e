"""How good detection is: labelled series, one frozen setting, published measures, trivial baselines beside it."""
