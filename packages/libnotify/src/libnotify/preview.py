"""`notify-preview KIND NAME`: prints the message that NAME would read tomorrow."""

from __future__ import annotations

import sys
from datetime import datetime

from libclock import delivery_day, windows

from libnotify.messages import kinds, message


def main() -> int:
    """Print one message; 2 when the command line is not a known kind and a name."""
    match sys.argv[1:]:
        case [kind, name] if kind in kinds():
            print(message(kind, name=name, window=windows(delivery_day(datetime.now()))[0]))
            return 0
        case _:
            print(f"usage: notify-preview {{{','.join(kinds())}}} NAME", file=sys.stderr)
            return 2
