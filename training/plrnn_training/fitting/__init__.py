"""Fit almost-linear RNNs to time series by teacher forcing."""
