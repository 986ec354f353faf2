"""Complete jobs, from a request to files, for the command line and all other interfaces."""
