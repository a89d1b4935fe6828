"""Requirements for one Python → the distributions that satisfy them, by uv."""
