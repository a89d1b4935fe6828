"""What layers.lock and a team's own lock files say of versions → third-party wheels."""
