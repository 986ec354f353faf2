"""A page that paints in the browser: static files, written once, that need no server of their own."""
