"""What every room may use and what uses no room: errors, paths, locks, quantities."""
