"""The contest: images of hidden networks as a package, and scores of submissions; the networks follow from a secret that the teacher keeps.

`package.make` and `scoring.score` are the two commands; `draws` has what the secret decides.
"""
