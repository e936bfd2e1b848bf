"""Settings on top of the product's own: the same, with an ear on what is said."""
