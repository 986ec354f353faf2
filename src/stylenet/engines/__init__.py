"""Engines: what paints. All answer to `protocol.Engine`; modules that need torch are imported by the one that opens them."""
