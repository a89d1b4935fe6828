"""Archives → whether they will work: what a run makes is checked, and each check is made once."""
