"""What can be asked for: every option's default, range, unit and help, stated once and without torch.

The command line's options, the arguments of the library, JSON and the schema of a form all derive from these records.
"""
