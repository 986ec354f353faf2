"""Engines paint pictures. All implement `protocol.Engine`; `opening` imports modules that need torch only when they are used."""
