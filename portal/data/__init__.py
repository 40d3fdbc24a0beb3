"""What the portal remembers: users and their roles, tokens, runs with their events, and an audit log."""
