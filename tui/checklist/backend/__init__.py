"""Applies and undoes changes on the hosts, and keeps the journal of them."""
