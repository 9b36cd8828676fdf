"""Super-resolved images: made, measured, kept, and cropped for classifiers."""
