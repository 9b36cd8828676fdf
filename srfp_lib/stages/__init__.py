"""The work of each kind of job: what it reads, what it writes; the doing is in the rooms below."""
