"""The words of `pylayer …` → a Command, the help, or candidates for completion; invoke has no part in it."""
