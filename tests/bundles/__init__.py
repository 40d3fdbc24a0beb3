"""Stand-ins for upstream's renderings: what unit tests take, so that they need no tool that renders."""
