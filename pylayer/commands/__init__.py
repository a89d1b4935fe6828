"""What a command line asks for → its exit status."""
