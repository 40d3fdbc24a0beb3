"""What several rooms' tests lean on."""
