"""A static page that paints in the browser without a server."""
