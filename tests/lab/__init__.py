"""Tests with real hosts: the lab, its daemons and its guest."""
