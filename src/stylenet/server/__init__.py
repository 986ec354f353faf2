"""The HTTP server: pictures, previews, jobs that survive a restart, and their events."""
