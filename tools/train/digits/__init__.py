"""A small convolution network that reads digits."""
