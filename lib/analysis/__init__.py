"""Frames in, frames out: what a page shows, computed. No store, clock, network or global randomness."""
