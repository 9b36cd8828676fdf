"""Everything that "Fingerprints of Super Resolution Networks" (Vonderfecht and Liu, TMLR 2022) did, recomputed."""

__version__ = "1.0.0"
