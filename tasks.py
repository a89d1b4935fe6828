"""The tasks of this repository: pylayer's own, as a user's tasks.py has them."""

import pylayer.tasks

ns = pylayer.tasks.ns
