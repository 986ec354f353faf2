"""Request records, which define the default, range, unit and help of each option once, without torch.

Command-line options, arguments of the library, JSON and form schemas are all derived from these records.
"""
