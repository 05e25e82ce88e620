"""What should be done next? Theory answering a question of a person's own, with what the answer rests on."""
