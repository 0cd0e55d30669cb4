"""What things are called and what a row holds; imports nothing of ours."""
