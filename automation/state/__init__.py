"""The stack's state: files that a killed run or a full disk has left, and how they are made whole."""
