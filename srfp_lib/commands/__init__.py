"""The command line: `python -m srfp_lib COMMAND`; a mistake of the user's becomes one sentence."""
