"""The executable specification of the Gearman protocol.

One table says what the bytes are, one model says what a job server must do,
one set of scripts says how a conversation goes, and any role in them can be
replaced by a real program to find out whether it conforms.
"""

__version__ = "0.1.0"
