"""Training of the two small models in packages/server/models."""
