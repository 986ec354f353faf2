"""Engines, which paint pictures. All implement `protocol.Engine`; `opening` imports the modules that need torch only on use."""
