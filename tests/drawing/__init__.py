"""Painting people who never lived: traits from a seed, then relief, light, skin, hair and room."""
