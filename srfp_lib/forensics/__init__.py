"""Evidence: from images and scores to verdicts, and how far these can be trusted. Functions of arrays: no workspace, no study."""
