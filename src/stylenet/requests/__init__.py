"""Request records: the default, range, unit and help of every option, defined once and without torch.

Command-line options, arguments of the library, JSON and form schemas are all derived from these records.
"""
