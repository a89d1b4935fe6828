"""What holds for all tests."""

import signal

# Where the runner was started in the background, interrupts would be ignored by all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
