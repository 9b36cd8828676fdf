"""What every room uses: errors, files, names, randomness, devices."""
