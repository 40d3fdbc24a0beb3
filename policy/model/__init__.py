"""What rules see, and what they are written in: resources, the stack as a whole, facts about kinds, findings."""
