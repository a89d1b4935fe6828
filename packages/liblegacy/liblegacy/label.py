"""A parcel number and an address → the lines of its label."""

import textwrap

WIDTH = 32


def checksum(number):
    """The check digit of a parcel number: weights 3 and 1 from the right, as on a barcode."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(number)))
    return str(-total % 10)


def label(number, address):
    """The label of parcel `number` (digits), its check digit on it, for `address`, in lines of 32 columns."""
    lines = textwrap.wrap(address, WIDTH) + ["", (number + "-" + checksum(number)).rjust(WIDTH)]
    return "\n".join(lines)
