"""The HTTP server: pictures, previews, jobs that outlive the process, and their events."""
