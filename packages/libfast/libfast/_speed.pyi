def crc32c(data: bytes, value: int = 0, /) -> int:
    """CRC-32C (Castagnoli) of `data`, going on from `value`."""

def haversine(latitude: float, longitude: float, to_latitude: float, to_longitude: float, /) -> float:
    """Metres between two points given in degrees, on a sphere of the Earth's mean radius."""
