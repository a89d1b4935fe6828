"""What a run saw, did and measured → what later runs need not do again, and can report."""
