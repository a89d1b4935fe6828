"""Jobs of build environments, done by processes of other machines: as values there and back again."""
