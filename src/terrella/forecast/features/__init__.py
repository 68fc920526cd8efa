"""What a network sees of a catalogue: memories of past events, in cells and around them."""
