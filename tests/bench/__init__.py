"""Benchmarks of the app in the lab: `make bench` prints one line `name value unit` per figure."""
