"""What is learned of the change of secular variation."""
