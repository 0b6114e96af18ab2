"""Sample data of the practice provider, made from a seed: the same seed gives the same company, byte for byte."""
