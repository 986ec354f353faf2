"""Whole jobs, from a request to files: what the command line and every other interface run and show."""
